/**
 * A client of a warm-up, on the event loop of the worker that serves it: see warm_up.ts.
 *
 * In: its end of a connection, and what to say. Out: `ended` is called once nothing is left to say, and its end is closed. It reads answers without
 * looking at them. It never blocks: what it says fits the buffer of a socket.
 */

import type { Deferred } from "../net/mod.ts";
import { EPOLLIN, expectSuccess, type Os } from "../os/mod.ts";
import type { EventLoop } from "./event_loop.ts";
import type { Source } from "./io_registry.ts";
import type { Talk } from "./warm_up_talks.ts";

/** What a peer needs. */
export interface WarmUpPeerParts {
  readonly os: Os;
  readonly loop: EventLoop;
  readonly descriptor: number;
  readonly talk: Talk;
  /** Whether the descriptor stays the caller's, who closes it; default: the peer closes it behind the last step. */
  readonly keeps?: boolean;
  ended(peer: WarmUpPeer): void;
}

/** One client. */
export class WarmUpPeer implements Source, Deferred {
  readonly #parts: WarmUpPeerParts;
  readonly #answer = new Uint8Array(4096);
  #steps = 0;

  /** @throws {SystemError} if the kernel has no memory left; the descriptor is closed then */
  constructor(parts: WarmUpPeerParts) {
    this.#parts = parts;
    const { descriptor, loop, os } = parts;
    const registered = loop.registry.register(descriptor, this, EPOLLIN);
    if (registered < 0) os.close(descriptor);
    expectSuccess("epoll_ctl EPOLL_CTL_ADD", registered, descriptor);
    this.#say();
  }

  /** The server has answered, or has closed the connection. */
  onReady(): void {
    const { descriptor, os, talk } = this.#parts;
    if (talk[this.#steps - 1]?.leaves === true) return this.close();
    if (os.recv(descriptor, this.#answer, this.#answer.length) > 0) this.#say();
    else this.close();
  }

  /** The server has seen the last step, and waits for more. */
  onTurn(): void {
    this.#say();
  }

  #say(): void {
    const { descriptor, loop, os, talk } = this.#parts;
    const step = talk[this.#steps++];
    if (step === undefined) return this.close();
    os.send(descriptor, step.bytes, step.bytes.length, false); // if it fails, the next wait says so
    if (!step.isAnswered) loop.defer(this);
  }

  /** Closes its end. */
  close(): void {
    const { descriptor, keeps, os } = this.#parts;
    this.leave();
    if (keeps !== true) os.close(descriptor);
  }

  /** Says nothing more. */
  leave(): void {
    const { descriptor, ended, loop } = this.#parts;
    loop.registry.forget(descriptor);
    ended(this);
  }
}
