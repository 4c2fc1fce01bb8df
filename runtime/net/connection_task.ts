/**
 * An accepted connection as a task of the ring.
 *
 * In: the descriptor, and the sockaddr that accept4 filled. Out: the words of the task. For whoever accepts:
 * the acceptor, and the executor when it takes what the kernel holds at the end.
 */

import { sockaddrAddress, sockaddrFamily, sockaddrPort } from "../os/mod.ts";
import { TASK_FIELD, TASK_KIND, TASK_WORDS } from "../ring/mod.ts";

/** The one task that an accepting thread fills again and again. */
export class ConnectionTask {
  /** To be pushed, which copies them. */
  readonly words = new Int32Array(TASK_WORDS);
  readonly #address = new Uint8Array(this.words.buffer, TASK_FIELD.address * 4, 16);

  /** Puts a connection in the place of the last one; `now` in milliseconds of the monotonic clock. */
  fill(descriptor: number, sockaddr: Uint8Array, now: number): void {
    this.words[TASK_FIELD.kind] = TASK_KIND.connection;
    this.words[TASK_FIELD.descriptor] = descriptor;
    this.words[TASK_FIELD.family] = sockaddrFamily(sockaddr);
    this.words[TASK_FIELD.port] = sockaddrPort(sockaddr);
    this.words[TASK_FIELD.readyAt] = now; // int32: wraps
    this.#address.fill(0);
    this.#address.set(sockaddrAddress(sockaddr));
  }
}
