/**
 * `Os` implemented with libc on Linux.
 *
 * In and out: as `os.ts` says, one method per system call. Each thread makes one instance. It holds no state
 * but its scratch buffers. Sizes stay below 2 GiB, so all numbers are int32.
 */

import { EPOLL_CLOEXEC, EpollEvents } from "./epoll.ts";
import { EINTR } from "./errno.ts";
import { libc } from "./libc.ts";
import type { Os } from "./os.ts";
import { SOCKADDR_BYTES } from "./sockaddr.ts";
import { result } from "./syscall.ts";

const MSG_NOSIGNAL = 0x4000;
const MSG_MORE = 0x8000;
const SOCK_NONBLOCK_CLOEXEC = 0x800 | 0x80000;
const EFD_NONBLOCK_CLOEXEC = 0x800 | 0x80000;
// The time of the last tick, read from the vDSO without a call into the kernel. Measured: 20 ns with the FFI.
const CLOCK_MONOTONIC_COARSE = 6;
const POSIX_FADV_WILLNEED = 3;
// Also from the vDSO, computed from the processor's counter. Measured: 41 ns with the FFI.
const CLOCK_MONOTONIC = 1;
// Reads only what is in memory; otherwise fails with EAGAIN at once.
const RWF_NOWAIT = 8;
const POLLIN = 1;
const F_DUPFD_CLOEXEC = 1030;
const FIRST_DESCRIPTOR = 3;
const SHUT_RD = 0;
const SHUT_WR = 1;
const WORD = 2 ** 32;

// The FFI's types require views of an ArrayBuffer; the calls themselves accept shared memory too.
type Ffi = Uint8Array<ArrayBuffer>;

/** A byte whose value is ignored, and the struct iovec that points to it. */
class Probe {
  // An ArrayBuffer of its own does not move; the field keeps it from being collected.
  readonly #byte = new Uint8Array(new ArrayBuffer(1));
  readonly iovec: Ffi;

  constructor() {
    const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(this.#byte));
    this.iovec = new Uint8Array(new BigUint64Array([address, 1n]).buffer);
  }
}

/** System calls of one thread, by libc. */
export class LinuxOs implements Os {
  readonly #libc = libc();
  // struct timespec { s64 seconds; s64 nanoseconds } as words: the seconds since boot fit the low one.
  readonly #timespec = new Uint32Array(4);
  readonly #timespecBytes = new Uint8Array(this.#timespec.buffer);
  readonly #event = new EpollEvents(1);
  readonly #addressLength = new Uint8Array(new Uint32Array([SOCKADDR_BYTES]).buffer);
  // An off_t as words, both input and output.
  readonly #offset = new Uint32Array(2);
  readonly #offsetBytes = new Uint8Array(this.#offset.buffer);
  readonly #probe = new Probe();
  // struct pollfd { s32 fd; s16 events; s16 revents }, the last two as one word.
  readonly #poll = new Int32Array(2);
  readonly #pollBytes = new Uint8Array(this.#poll.buffer);
  // A doorbell adds one: a u64 in host order.
  readonly #one = new Uint8Array(new BigUint64Array([1n]).buffer);

  recv(descriptor: number, bytes: Uint8Array, length: number): number {
    let received: number;
    do received = result(this.#libc.recv(descriptor, bytes as Ffi, length, 0)); while (
      received === -EINTR
    );
    return received;
  }

  /** pread(2) into `bytes[0, length)`; 0: the file ends at `offset`. */
  readAt(file: number, bytes: Uint8Array<ArrayBuffer>, length: number, offset: number): number {
    let read: number;
    do read = result(this.#libc.pread(file, bytes, length, BigInt(offset))); while (
      read === -EINTR
    );
    return read;
  }

  send(descriptor: number, bytes: Uint8Array, length: number, more: boolean): number {
    const flags = more ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL;
    let sent: number;
    do sent = result(this.#libc.send(descriptor, bytes as Ffi, length, flags)); while (
      sent === -EINTR
    );
    return sent;
  }

  accept(listener: number, sockaddr: Uint8Array): number {
    let accepted: number;
    do {
      this.#addressLength[0] = SOCKADDR_BYTES; // in and out: the kernel wrote the real length
      accepted = result(
        this.#libc.accept4(listener, sockaddr as Ffi, this.#addressLength, SOCK_NONBLOCK_CLOEXEC),
      );
    } while (accepted === -EINTR);
    return accepted;
  }

  awaitConnection(listener: number, milliseconds: number): boolean {
    this.#poll[0] = listener;
    this.#poll[1] = POLLIN;
    const ready = result(this.#libc.poll(this.#pollBytes, 1, milliseconds));
    return ready !== 0 && ready !== -EINTR;
  }

  shutdownWrite(descriptor: number): number {
    return result(this.#libc.shutdown(descriptor, SHUT_WR));
  }

  shutdownRead(descriptor: number): number {
    return result(this.#libc.shutdown(descriptor, SHUT_RD));
  }

  close(descriptor: number): number {
    // Not repeated on EINTR: on Linux the descriptor is gone whatever close(2) answers.
    return result(this.#libc.close(descriptor));
  }

  end(descriptor: number): number {
    return this.close(descriptor);
  }

  duplicate(descriptor: number): number {
    return result(this.#libc.fcntl(descriptor, F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR));
  }

  sendFile(descriptor: number, file: number, offset: number, length: number): number {
    let sent: number;
    do {
      this.#offset[0] = offset % WORD;
      this.#offset[1] = Math.floor(offset / WORD);
      sent = result(this.#libc.sendfile(descriptor, file, this.#offsetBytes, length));
    } while (sent === -EINTR);
    return sent;
  }

  readAhead(file: number, offset: number, length: number): void {
    // If the first byte is in memory, the rest is assumed to be: advice checks each page, which costs a
    // twentieth of sending them (tests/bench: file of 100 MiB). Otherwise the kernel is advised.
    if (result(this.#libc.preadv2(file, this.#probe.iovec, 1, BigInt(offset), RWF_NOWAIT)) > 0) {
      return;
    }
    // Advice only: its failure changes nothing.
    this.#libc.posix_fadvise(file, BigInt(offset), BigInt(length), POSIX_FADV_WILLNEED);
  }

  epollCreate(): number {
    return result(this.#libc.epoll_create1(EPOLL_CLOEXEC));
  }

  epollControl(
    epoll: number,
    operation: number,
    descriptor: number,
    events: number,
    generation: number,
  ): number {
    this.#event.setFirst(events, descriptor, generation);
    return result(this.#libc.epoll_ctl(epoll, operation, descriptor, this.#event.bytes));
  }

  /** @param most events that the kernel may return; not above the capacity */
  epollWait(
    epoll: number,
    events: EpollEvents,
    timeout: number,
    most: number = events.capacity,
  ): number {
    const count = result(this.#libc.epoll_wait(epoll, events.bytes, most, timeout));
    return count === -EINTR ? 0 : count;
  }

  /** @param most as for {@link epollWait} */
  async epollWaitAsync(
    epoll: number,
    events: EpollEvents,
    timeout: number,
    most: number = events.capacity,
  ): Promise<number> {
    const count = await this.#libc.epoll_wait_nonblocking(epoll, events.bytes, most, timeout);
    // errno belongs to the other thread; the next blocking wait reports the error, if it is not EINTR.
    return Math.max(count, 0);
  }

  monotonicMilliseconds(): number {
    return this.#milliseconds(CLOCK_MONOTONIC_COARSE);
  }

  preciseMilliseconds(): number {
    return this.#milliseconds(CLOCK_MONOTONIC);
  }

  epochMilliseconds(): number {
    return Date.now();
  }

  yield(): void {
    this.#libc.sched_yield(); // cannot fail on Linux
  }

  trimMemory(): void {
    this.#libc.malloc_trim(0); // returns whether any memory was released, which no caller needs
  }

  eventfd(): number {
    return result(this.#libc.eventfd(0, EFD_NONBLOCK_CLOEXEC));
  }

  ringDoorbell(eventfd: number): number {
    let written: number;
    do written = result(this.#libc.write(eventfd, this.#one, 8)); while (written === -EINTR);
    return written;
  }

  #milliseconds(clock: number): number {
    this.#libc.clock_gettime(clock, this.#timespecBytes);
    const words = this.#timespec; // four words: the indices are in bounds
    return words[0]! * 1000 + words[2]! / 1e6;
  }
}
