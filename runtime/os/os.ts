/**
 * The system calls that the server needs: the interface between the event loop and the kernel.
 *
 * `linux.ts` implements it; tests use a fake that returns EAGAIN, EINTR, short reads and writes, ECONNRESET and
 * EMFILE wherever the kernel may. Every result is the kernel's own: a count or a descriptor, or the negated
 * errno. EINTR is never returned: the call is repeated. Buffers are borrowed for the call, from their first
 * byte.
 */

import type { EpollEvents } from "./epoll.ts";

/** The system calls of a worker and of the acceptor. */
export interface Os {
  /** recv(2) into `bytes[0, length)`; 0 is the peer's end of stream. */
  recv(descriptor: number, bytes: Uint8Array, length: number): number;
  /** send(2) with MSG_NOSIGNAL of `bytes[0, length)`; may send less; `more`: more bytes follow (MSG_MORE). */
  send(descriptor: number, bytes: Uint8Array, length: number, more: boolean): number;
  /** accept4(2); the connection is non-blocking and close-on-exec. `sockaddr`: SOCKADDR_BYTES. */
  accept(listener: number, sockaddr: Uint8Array): number;
  /**
   * poll(2) of the listener: whether, within this many milliseconds, there is a connection or another reason
   * why accept would not block.
   */
  awaitConnection(listener: number, milliseconds: number): boolean;
  /** shutdown(2) of the sending side: the peer reads an end of stream. */
  shutdownWrite(descriptor: number): number;
  /** shutdown(2) of the receiving side; on a listener it ends a blocked accept with EINVAL. */
  shutdownRead(descriptor: number): number;
  /** close(2). */
  close(descriptor: number): number;
  /** close(2) of a connection to which everything was sent: over TLS, its peer is told so. */
  end(descriptor: number): number;
  /** fcntl(2) F_DUPFD_CLOEXEC: a second descriptor of the same file, with the lowest free number. */
  duplicate(descriptor: number): number;
  /**
   * sendfile(2) of `file[offset, offset + length)`, length below 2 GiB; may send less. 0: the file ends at
   * `offset`. The bytes go from the page cache to the socket; bytes that are not in memory are read first, and
   * the call blocks for that.
   */
  sendFile(descriptor: number, file: number, offset: number, length: number): number;
  /**
   * Asks the kernel to read these bytes of a file into memory soon, if the first of them is not in memory yet.
   * Does not wait.
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
  /** As {@link epollWait}, without blocking the thread: Deno's own event loop fulfils the promise. */
  epollWaitAsync(epoll: number, events: EpollEvents, timeout: number): Promise<number>;
  /** Milliseconds of a clock that is never set back, CLOCK_MONOTONIC_COARSE: precise to a few ms. */
  monotonicMilliseconds(): number;
  /** The same clock with microsecond precision, CLOCK_MONOTONIC: for measurements, at twice the cost. */
  preciseMilliseconds(): number;
  /** Milliseconds since 1970, UTC: for dates in messages and logs, never for a time-out. */
  epochMilliseconds(): number;
  /** sched_yield(2): other threads that are ready to run on this core run first. */
  yield(): void;
  /** malloc_trim(3): returns memory that C code of all threads has freed to the kernel; takes up to a millisecond. */
  trimMemory(): void;
  /** eventfd(2), non-blocking: a doorbell. */
  eventfd(): number;
  /** Adds one to the eventfd, which wakes the thread that waits for it. */
  ringDoorbell(eventfd: number): number;
}
