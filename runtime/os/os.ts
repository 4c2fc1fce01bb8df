/**
 * What the server asks of the operating system: the seam between the loop and the kernel.
 *
 * `linux.ts` is the real one; tests put a faulty one in its place to show EAGAIN, EINTR, short
 * reads and writes, ECONNRESET and EMFILE wherever the kernel may answer them.
 * Every result is the kernel's own: a count or a descriptor, or the negated errno. EINTR never
 * comes out: the call is made again. Buffers are borrowed for the call, from their first byte.
 */

import type { EpollEvents } from "./epoll.ts";

/** The system calls of a worker and of the acceptor. */
export interface Os {
  /** recv(2) into `bytes[0, length)`; 0 is the peer's end of stream. */
  recv(descriptor: number, bytes: Uint8Array, length: number): number;
  /** send(2) with MSG_NOSIGNAL of `bytes[0, length)`; may take less; `more` says that more follows. */
  send(descriptor: number, bytes: Uint8Array, length: number, more: boolean): number;
  /** accept4(2); the connection does not block and is closed on exec. `sockaddr`: SOCKADDR_BYTES. */
  accept(listener: number, sockaddr: Uint8Array): number;
  /** The same without blocking the thread; where it fails the answer is -1, whatever the reason. */
  acceptAsync(listener: number, sockaddr: Uint8Array): Promise<number>;
  /**
   * poll(2) of the listener: whether a connection is there within so many milliseconds, or something else
   * that accept does not wait for.
   */
  awaitConnection(listener: number, milliseconds: number): boolean;
  /** shutdown(2) of the sending side: the peer reads an end of stream. */
  shutdownWrite(descriptor: number): number;
  /** shutdown(2) of the receiving side; on a listener it ends a blocked accept with EINVAL. */
  shutdownRead(descriptor: number): number;
  /** close(2). */
  close(descriptor: number): number;
  /**
   * sendfile(2) of `file[offset, offset + length)`, length below 2 GiB; may take less. 0: the file ends
   * at `offset`. The bytes go from the page cache to the socket; what of them is not in memory is read
   * first, and for that the call blocks.
   */
  sendFile(descriptor: number, file: number, offset: number, length: number): number;
  /**
   * Asks the kernel to have these bytes of a file in memory soon, where the first of them is not there
   * yet; waits for nothing.
   */
  readAhead(file: number, offset: number, length: number): void;
  /** epoll_create1(2). */
  epollCreate(): number;
  /** epoll_ctl(2): `operation` and `events` are the EPOLL… constants of epoll.ts. */
  epollControl(
    epoll: number,
    operation: number,
    descriptor: number,
    events: number,
    generation: number,
  ): number;
  /** epoll_wait(2): the number of events, 0 after `timeout` milliseconds (-1: no timeout) or a signal. */
  epollWait(epoll: number, events: EpollEvents, timeout: number): number;
  /** The same without blocking the thread: the promise is fulfilled by Deno's own event loop. */
  epollWaitAsync(epoll: number, events: EpollEvents, timeout: number): Promise<number>;
  /** Milliseconds of a clock that is never set back, CLOCK_MONOTONIC_COARSE: right to a few ms. */
  monotonicMilliseconds(): number;
  /** The same clock's time right to the microsecond, CLOCK_MONOTONIC: for measuring, at twice the cost. */
  preciseMilliseconds(): number;
  /** Milliseconds since 1970, UTC: for dates that people and peers read, never for a time-out. */
  epochMilliseconds(): number;
  /** sched_yield(2): whoever else is ready to run on this core runs first. */
  yield(): void;
  /** malloc_trim(3): gives the kernel what C code has freed, of all threads; up to a millisecond. */
  trimMemory(): void;
  /** eventfd(2), not blocking: a doorbell. */
  eventfd(): number;
  /** Adds one to the eventfd: whoever waits for it wakes. */
  ringDoorbell(eventfd: number): number;
}
