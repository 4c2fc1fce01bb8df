/**
 * A client's connection to a Unix socket, for the health check.
 *
 * In: a path, and a time limit for everything together. Out: reads and writes that wait by poll(2), and throw
 * when the time is up. It blocks its thread: for a command that has nothing else to do. By libc, since Deno
 * requires the permission to write files, which the program does not have.
 */

import { EAGAIN, EINTR } from "./errno.ts";
import { libc } from "./libc.ts";
import { expectSuccess, result } from "./syscall.ts";
import { newUnixSocket, sockaddrOfUnix } from "./unix_listener.ts";
import { pathBytes } from "./path_bytes.ts";

const SOCK_NONBLOCK = 0x800;
const MSG_NOSIGNAL = 0x4000;
const POLLIN = 1;
const POLLOUT = 4;
/** Milliseconds between two attempts while the listener's backlog is full, which poll(2) does not report. */
const RETRY_INTERVAL = 20;

/** An open connection; `close` ends it. */
export class UnixConnection implements Disposable {
  readonly #descriptor: number;
  readonly #deadline: number;
  // struct pollfd { s32 fd; s16 events; s16 revents }, the last two as one word.
  readonly #poll = new Int32Array(2);

  /**
   * Connects.
   *
   * @param milliseconds for connecting and all following calls
   * @throws {SystemError} ENOENT, ECONNREFUSED, EACCES …
   * @throws {Deno.errors.TimedOut}
   */
  constructor(path: string, milliseconds: number) {
    this.#deadline = performance.now() + milliseconds;
    const address = sockaddrOfUnix(pathBytes(path));
    this.#descriptor = newUnixSocket(SOCK_NONBLOCK);
    try {
      let connected: number;
      do connected = result(libc().connect(this.#descriptor, address, address.length)); while (
        // unix(7): EAGAIN, the backlog is full.
        (connected === -EAGAIN && this.#waitForBacklog()) || connected === -EINTR
      );
      expectSuccess("connect", connected, this.#descriptor);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Sends all of it. @throws {SystemError} @throws {Deno.errors.TimedOut} */
  write(bytes: Uint8Array): void {
    for (let sent = 0; sent < bytes.length;) {
      this.#wait(POLLOUT);
      // The FFI's types require views of an ArrayBuffer; the call itself accepts any memory.
      const rest = bytes.subarray(sent) as Uint8Array<ArrayBuffer>;
      const count = result(libc().send(this.#descriptor, rest, rest.length, MSG_NOSIGNAL));
      sent += isInterrupted(count) ? 0 : expectSuccess("send", count, this.#descriptor);
    }
  }

  /**
   * Receives into `bytes`; returns how many bytes, or null at the end. @throws {SystemError} @throws
   * {Deno.errors.TimedOut}
   */
  read(bytes: Uint8Array<ArrayBuffer>): number | null {
    for (;;) {
      this.#wait(POLLIN);
      const count = result(libc().recv(this.#descriptor, bytes, bytes.length, 0));
      if (isInterrupted(count)) continue;
      return expectSuccess("recv", count, this.#descriptor) || null;
    }
  }

  /** Closes the connection; no further calls are allowed. */
  close(): void {
    libc().close(this.#descriptor);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #wait(events: number): void {
    this.#poll[0] = this.#descriptor;
    this.#poll[1] = events;
    const bytes = new Uint8Array(this.#poll.buffer);
    if (result(libc().poll(bytes, 1, this.#rest())) === 0) throw timedOut();
  }

  #waitForBacklog(): true {
    libc().poll(new Uint8Array(0), 0, Math.min(this.#rest(), RETRY_INTERVAL));
    return true;
  }

  #rest(): number {
    const rest = this.#deadline - performance.now();
    if (rest <= 0) throw timedOut();
    return Math.ceil(rest);
  }
}

/** No bytes were moved, and the next attempt may succeed. */
function isInterrupted(returned: number): boolean {
  return returned === -EAGAIN || returned === -EINTR;
}

function timedOut(): Error {
  return new Deno.errors.TimedOut("no answer in time");
}
