/**
 * Waits for connections on listening sockets that do not block: on one that another process shares, or on two.
 *
 * In: the sockets, and the bell that ends the wait, if there is one. Out: whether there may be a connection to
 * accept. To end a blocked accept on a socket of our own, the socket is shut down. A socket that was handed
 * over must go on listening for the process that gets it next, so a bell ends the wait instead.
 */

import { EPOLL_CTL_ADD, EpollEvents, EPOLLIN, expectSuccess, type Os } from "../os/mod.ts";

/** The system calls that it needs. */
type Waiting = Pick<Os, "epollCreate" | "epollControl" | "epollWait">;

/** The wait of one accepting thread. */
export class ListenerWait {
  readonly #os: Waiting;
  readonly #bell: number | undefined;
  readonly #epoll: number;
  readonly #events = new EpollEvents(3);

  /** @throws {SystemError} if the kernel creates no epoll instance */
  constructor(os: Waiting, listeners: readonly number[], bell?: number) {
    this.#os = os;
    this.#bell = bell;
    this.#epoll = expectSuccess("epoll_create1", os.epollCreate());
    for (const descriptor of bell === undefined ? listeners : [...listeners, bell]) {
      const added = os.epollControl(this.#epoll, EPOLL_CTL_ADD, descriptor, EPOLLIN, 0);
      expectSuccess("epoll_ctl EPOLL_CTL_ADD", added, descriptor);
    }
  }

  /**
   * Waits for `milliseconds` at most; -1: without limit.
   *
   * @returns false if the bell was rung: the connections in the backlog are left to the next process
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
