/**
 * An accepted connection as a task of the ring.
 *
 * In: the descriptor, and the sockaddr that accept4 filled. Out: the words of the task. Used by the threads
 * that accept: the acceptor, and the executor when it accepts the rest of the kernel's backlog at the end.
 */

import { copySockaddrAddress, sockaddrFamily, sockaddrPort } from "../os/mod.ts";
import { TASK_FIELD, TASK_KIND, TASK_WORDS } from "../ring/mod.ts";

/** One task, which a thread refills for each connection. */
export class ConnectionTask {
  /** The words to push; pushing copies them. */
  readonly words = new Int32Array(TASK_WORDS);
  /** The peer's address within them: 16 bytes, of which IPv4 uses the first four. */
  readonly address: Uint8Array = new Uint8Array(this.words.buffer, TASK_FIELD.address * 4, 16);

  /** Fills in a connection, replacing the last one; `now` in milliseconds of the monotonic clock. */
  fill(descriptor: number, sockaddr: Uint8Array, now: number): void {
    this.words[TASK_FIELD.kind] = TASK_KIND.connection;
    this.words[TASK_FIELD.descriptor] = descriptor;
    this.words[TASK_FIELD.family] = sockaddrFamily(sockaddr);
    this.words[TASK_FIELD.port] = sockaddrPort(sockaddr);
    this.words[TASK_FIELD.readyAt] = now; // int32: wraps
    copySockaddrAddress(sockaddr, this.address);
  }
}
