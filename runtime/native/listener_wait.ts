/**
 * The wait for connections on a listening socket that is not ours alone.
 *
 * In: the socket, which does not block, and the bell that ends the wait. Out: whether there may be
 * something to accept. A socket of our own is shut down to end a blocked accept; one that was handed over
 * must go on to listen, for whoever it is handed to next.
 */

import { EPOLL_CTL_ADD, EpollEvents, EPOLLIN, expectSuccess, type Os } from "../os/mod.ts";

/** What is asked of the operating system. */
type Waiting = Pick<Os, "epollCreate" | "epollControl" | "epollWait">;

/** One thread's wait. */
export class ListenerWait {
  readonly #os: Waiting;
  readonly #bell: number;
  readonly #epoll: number;
  readonly #events = new EpollEvents(2);

  /** @throws {SystemError} where the kernel gives no epoll instance */
  constructor(os: Waiting, listener: number, bell: number) {
    this.#os = os;
    this.#bell = bell;
    this.#epoll = expectSuccess("epoll_create1", os.epollCreate());
    for (const descriptor of [listener, bell]) {
      const added = os.epollControl(this.#epoll, EPOLL_CTL_ADD, descriptor, EPOLLIN, 0);
      expectSuccess("epoll_ctl EPOLL_CTL_ADD", added, descriptor);
    }
  }

  /**
   * Waits for `milliseconds` at most, -1: without end.
   *
   * @returns false: the bell was rung, and what waits in the socket's queue is left to the next
   */
  wait(milliseconds: number): boolean {
    const waited = this.#os.epollWait(this.#epoll, this.#events, milliseconds);
    const count = expectSuccess("epoll_wait", waited);
    for (let i = 0; i < count; i++) {
      if (this.#events.descriptor(i) === this.#bell) return false;
    }
    return true;
  }
}
