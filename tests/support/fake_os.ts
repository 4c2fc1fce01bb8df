/**
 * A fake kernel: the interface `Os` with sockets, epoll, eventfds, a listener and clocks in memory.
 *
 * In: the server's system calls, a fault plan, and a world of peers. Out: what Linux may return. The
 * world moves while the server waits: `epollWait` lets the peers act and advances the clock to their
 * next action or the time-out. Every wrong use of a descriptor, and a server whose loop spins without
 * progress, throws a KernelAssertion, which no server may catch.
 * Single-threaded, and without real time.
 *
 * Longer than 400 lines because all calls share one table of descriptors.
 */

import {
  EAGAIN,
  EINVAL,
  EMFILE,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLLERR,
  EPOLLET,
  EpollEvents,
  EPOLLHUP,
  EPOLLIN,
  type Os,
} from "../../runtime/os/mod.ts";
import { EEXIST, ENOENT } from "./fake_errno.ts";
import type { FakeSocket } from "./fake_socket.ts";
import { type Faults, NO_FAULTS } from "./fault_plan.ts";

/** The server broke a rule of the system call interface. */
export class KernelAssertion extends Error {
  /** All since the last clearing: a server that handles its handlers' failures swallows them. */
  static readonly raised: KernelAssertion[] = [];
  override name = "KernelAssertion";

  constructor(message: string) {
    super(message);
    KernelAssertion.raised.push(this);
  }
}

/** The simulated peers, which act while the server waits. */
export interface World {
  /** Lets those act whose time has come. */
  act(now: number): void;
  /** The time of the next action; Infinity: none is scheduled. */
  nextAct(): number;
  /** The server waits without a time-out and no action is scheduled: causes an event, or throws. */
  starved(): void;
}

interface Registration {
  events: number;
  generation: number;
}

/** An open descriptor: the field that is set says of which kind. */
interface Descriptor {
  readonly kind: "socket" | "eventfd" | "epoll" | "listener" | "file";
  readonly socket?: FakeSocket;
  /** The content of a file; may be replaced while it is open. */
  content?: Uint8Array;
  /** The eventfd was written since epoll last reported it. */
  rung?: boolean;
  readonly registrations?: Map<number, Registration>;
}

/** How many waits in a row may make no progress: more is a busy loop. */
const IDLE_WAITS = 64;
/** Lower ones are standard input, output and error. */
const FIRST_DESCRIPTOR = 3;

/** The options of a fake kernel. */
export interface FakeOsOptions {
  /** By default no faults. */
  readonly faults?: Faults;
  /** How many descriptors may be open; above it EMFILE. */
  readonly descriptors?: number;
}

/** Linux, as far as the server can observe it. */
export class FakeOs implements Os {
  /** The simulated peers; set before the first wait. */
  world: World = { act: () => {}, nextAct: () => Infinity, starved: () => this.#hang() };
  /** Connections that wait in accept's queue. */
  readonly backlog: FakeSocket[] = [];
  /** Whether the accepting thread may run now. */
  mayAccept: () => boolean = () => true;
  /** How often the server returned freed memory. */
  trims = 0;
  /** The true time in milliseconds; the server reads it through its clocks. */
  now = 1_000_000;
  /** How far the wall clock is ahead of `now`; may jump either way. */
  wallOffset = 1_700_000_000_000;
  /** Calls that made progress. */
  progress = 0;
  /** Calls of epollWait that were not interrupted by a signal. */
  waits = 0;
  /** The ranges of readahead: offset and length. */
  readonly readAheads: [offset: number, length: number][] = [];
  readonly #faults: Faults;
  readonly #limit: number;
  readonly #open = new Map<number, Descriptor>();
  #listening = true;
  #idleWaits = 0;
  // The last wait left an event for the next one: until then the time does not advance.
  #overlooked = false;
  #progressSeen = 0;
  #timeSeen = 0;
  // The time at which the monotonic clock was stopped, or NaN; and how long it has been stopped in total.
  #frozenAt = NaN;
  #stood = 0;

  constructor(options: FakeOsOptions = {}) {
    this.#faults = options.faults ?? NO_FAULTS;
    this.#limit = options.descriptors ?? Infinity;
  }

  // Called by the test.

  /** Opens the listener. */
  listen(): number {
    return this.#allocate({ kind: "listener" });
  }

  /** Opens a file with this content. */
  openFile(content: Uint8Array): number {
    return this.#allocate({ kind: "file", content });
  }

  /** Another process rewrites the open file. */
  rewriteFile(file: number, content: Uint8Array): void {
    this.#entry(file, "file", "write").content = content;
  }

  /** Gives the server a connected socket without a listener. */
  adopt(socket: FakeSocket): number {
    socket.descriptor = this.#allocate({ kind: "socket", socket });
    socket.acceptedAt = this.monotonicMilliseconds();
    return socket.descriptor;
  }

  /** Stops the monotonic clock until {@link thaw}. */
  freeze(): void {
    if (Number.isNaN(this.#frozenAt)) this.#frozenAt = this.now;
  }

  /** The monotonic clock continues from where it stopped. */
  thaw(): void {
    if (Number.isNaN(this.#frozenAt)) return;
    this.#stood += this.now - this.#frozenAt;
    this.#frozenAt = NaN;
  }

  /** How many descriptors are open. */
  get openDescriptors(): number {
    return this.#open.size;
  }

  /** The open descriptors of a kind. */
  openOf(kind: Descriptor["kind"]): number[] {
    return [...this.#open].filter(([, entry]) => entry.kind === kind).map(([number]) => number);
  }

  /** The registered events of `descriptor`, or -1. */
  interestOf(descriptor: number): number {
    for (const { registrations } of this.#open.values()) {
      const registration = registrations?.get(descriptor);
      if (registration !== undefined) return registration.events;
    }
    return -1;
  }

  // Os.

  recv(descriptor: number, bytes: Uint8Array, length: number): number {
    const socket = this.#socket(descriptor, "recv");
    if (length < 1 || length > bytes.length) {
      throw new KernelAssertion(`recv of ${length} bytes into ${bytes.length}`);
    }
    this.#mayBreak(socket);
    if (socket.unread > 0 && this.#faults.blocks()) return -EAGAIN;
    const received = socket.receive(bytes, this.#faults.shorten(length));
    // The end of the stream is progress only once. Reading it again and again is not.
    if (received === 0 && socket.endWasTold) return 0;
    socket.endWasTold ||= received === 0;
    return this.#moved(received);
  }

  send(descriptor: number, bytes: Uint8Array, length: number, _more: boolean): number {
    const socket = this.#socket(descriptor, "send");
    if (length < 1 || length > bytes.length) {
      throw new KernelAssertion(`send of ${length} bytes out of ${bytes.length}`);
    }
    this.#mayBreak(socket);
    if (this.#faults.blocks()) return -EAGAIN;
    return this.#moved(socket.send(bytes, this.#faults.shorten(length)));
  }

  sendFile(descriptor: number, file: number, offset: number, length: number): number {
    const content = this.#entry(file, "file", "sendfile").content!; // every file entry has it
    const bytes = content.subarray(offset, offset + length);
    this.#socket(descriptor, "sendfile");
    if (length < 1) throw new KernelAssertion("sendfile of 0 bytes");
    return bytes.length === 0 ? 0 : this.send(descriptor, bytes, bytes.length, false);
  }

  readAhead(file: number, offset: number, length: number): void {
    this.#entry(file, "file", "posix_fadvise");
    this.readAheads.push([offset, length]);
  }

  accept(listener: number, sockaddr: Uint8Array): number {
    this.#entry(listener, "listener", "accept");
    if (!this.#listening) return -EINVAL;
    if (!this.mayAccept() || this.backlog.length === 0) return -EAGAIN;
    const refused = this.#open.size >= this.#limit ? EMFILE : this.#faults.refusesAccept();
    if (refused !== 0) return -refused;
    const socket = this.backlog.shift()!; // not empty: checked above
    this.#fillAddress(sockaddr, this.progress & 0xffff);
    return this.#moved(this.adopt(socket));
  }

  /** Always: accept returns what there is, and with an empty queue the acceptor's run ends. */
  awaitConnection(_listener: number, _milliseconds: number): boolean {
    return true;
  }

  shutdownWrite(descriptor: number): number {
    this.#socket(descriptor, "shutdown").endServer();
    return this.#moved(0);
  }

  shutdownRead(descriptor: number): number {
    this.#entry(descriptor, "listener", "shutdown");
    this.#listening = false;
    return 0;
  }

  end(descriptor: number): number {
    return this.close(descriptor);
  }

  close(descriptor: number): number {
    const entry = this.#entryOf(descriptor, "close");
    this.#open.delete(descriptor);
    if (entry.socket !== undefined) this.#closeSocket(entry.socket);
    for (const { registrations } of this.#open.values()) registrations?.delete(descriptor);
    return this.#moved(0);
  }

  duplicate(descriptor: number): number {
    return this.#allocate({ kind: "socket", socket: this.#socket(descriptor, "fcntl F_DUPFD") });
  }

  epollCreate(): number {
    return this.#allocate({ kind: "epoll", registrations: new Map() });
  }

  epollControl(
    epoll: number,
    operation: number,
    descriptor: number,
    events: number,
    generation: number,
  ): number {
    const registrations = this.#registrations(epoll, "epoll_ctl");
    const { socket } = this.#entryOf(descriptor, "epoll_ctl");
    const known = registrations.has(descriptor);
    if (operation === EPOLL_CTL_ADD) {
      if (known) return -EEXIST;
      const refused = socket?.doomed === true ? this.#faults.refusesRegistration() : 0;
      if (refused !== 0) return -refused;
    } else if (!known) {
      return -ENOENT;
    }
    if (operation === EPOLL_CTL_DEL) {
      registrations.delete(descriptor);
      return 0;
    }
    registrations.set(descriptor, { events, generation });
    return 0;
  }

  epollWait(epoll: number, events: EpollEvents, timeout: number): number {
    this.#countWait();
    const deadline = timeout < 0 ? Infinity : this.now + timeout;
    for (;;) {
      this.world.act(this.now);
      const count = this.#collect(this.#registrations(epoll, "epoll_wait"), events);
      if (count > 0 || (this.now >= deadline && !this.#overlooked)) return count;
      if (this.#overlooked) continue;
      if (this.#faults.interrupts()) return this.#interrupted();
      const next = Math.min(deadline, this.world.nextAct());
      if (next === Infinity) this.world.starved();
      else this.now = Math.max(this.now, next);
    }
  }

  epollWaitAsync(epoll: number, events: EpollEvents, timeout: number): Promise<number> {
    return Promise.resolve(this.epollWait(epoll, events, timeout));
  }

  /** Accurate to 4 ms, like the coarse clock of a kernel with 250 ticks a second. */
  monotonicMilliseconds(): number {
    return Math.floor(this.preciseMilliseconds() / 4) * 4;
  }

  preciseMilliseconds(): number {
    return (Number.isNaN(this.#frozenAt) ? this.now : this.#frozenAt) - this.#stood;
  }

  epochMilliseconds(): number {
    return this.now + this.wallOffset;
  }

  yield(): void {
    this.world.act(this.now);
  }

  trimMemory(): void {
    this.trims++;
  }

  eventfd(): number {
    return this.#allocate({ kind: "eventfd", rung: false });
  }

  ringDoorbell(eventfd: number): number {
    this.#entry(eventfd, "eventfd", "write").rung = true;
    return 8;
  }

  // Internal.

  #collect(registrations: Map<number, Registration>, events: EpollEvents): number {
    let count = 0;
    this.#overlooked = false;
    for (const [descriptor, registration] of registrations) {
      if (count === events.capacity) break;
      const ready = this.#readiness(this.#entryOf(descriptor, "epoll_wait"), registration);
      if (ready === 0) continue;
      if (this.#faults.overlooks()) {
        this.#overlooked = true;
        continue;
      }
      putEvent(events, count++, { events: ready, descriptor, generation: registration.generation });
      this.#entryOf(descriptor, "epoll_wait").rung = false;
    }
    return count;
  }

  #readiness(entry: Descriptor, { events }: Registration): number {
    if (entry.kind === "listener") {
      return !this.#listening || this.backlog.length > 0 ? EPOLLIN : 0;
    }
    if (entry.socket === undefined) {
      if ((events & EPOLLET) === 0) throw new KernelAssertion("a doorbell that is never read");
      return entry.rung === true ? EPOLLIN : 0;
    }
    return entry.socket.readiness() & (events | EPOLLERR | EPOLLHUP);
  }

  /** A wait without progress and without elapsed time counts towards the limit of idle waits. */
  #countWait(): void {
    this.waits++;
    const idle = this.progress === this.#progressSeen && this.now === this.#timeSeen;
    this.#progressSeen = this.progress;
    this.#timeSeen = this.now;
    this.#idleWaits = idle ? this.#idleWaits + 1 : 0;
    if (this.#idleWaits > IDLE_WAITS) {
      throw new KernelAssertion(`${IDLE_WAITS} waits in a row without progress: a busy loop`);
    }
  }

  /** A signal is not the server's fault: the wait does not count. */
  #interrupted(): number {
    this.waits--;
    this.#idleWaits = 0;
    return 0;
  }

  #mayBreak(socket: FakeSocket): void {
    const errno = socket.doomed ? this.#faults.breaks() : 0;
    if (errno !== 0) socket.breakBy(errno);
  }

  #moved(result: number): number {
    if (result !== -EAGAIN) this.progress++;
    return result;
  }

  /** The socket is closed with its last descriptor. */
  #closeSocket(socket: FakeSocket): void {
    const [other] = [...this.#open].find(([, entry]) => entry.socket === socket) ?? [];
    if (other === undefined) socket.closeServer(this.monotonicMilliseconds());
    else socket.descriptor = other;
  }

  #allocate(entry: Descriptor): number {
    let number = FIRST_DESCRIPTOR;
    while (this.#open.has(number)) number++; // the lowest free one, as in POSIX
    this.#open.set(number, entry);
    return number;
  }

  #fillAddress(sockaddr: Uint8Array, port: number): void {
    sockaddr.fill(0);
    sockaddr.set([2, 0, port >> 8, port & 0xff, 127, 0, 0, 1]); // AF_INET
  }

  #socket(descriptor: number, call: string): FakeSocket {
    return this.#entry(descriptor, "socket", call).socket!; // every socket entry has one
  }

  #registrations(epoll: number, call: string): Map<number, Registration> {
    return this.#entry(epoll, "epoll", call).registrations!; // every epoll entry has them
  }

  #entry(descriptor: number, kind: Descriptor["kind"], call: string): Descriptor {
    const entry = this.#entryOf(descriptor, call);
    if (entry.kind !== kind) {
      throw new KernelAssertion(
        `${call} on descriptor ${descriptor}, which is of kind ${entry.kind}`,
      );
    }
    return entry;
  }

  #entryOf(descriptor: number, call: string): Descriptor {
    const entry = this.#open.get(descriptor);
    if (entry === undefined) {
      throw new KernelAssertion(`${call} on closed descriptor ${descriptor}`);
    }
    return entry;
  }

  #hang(): never {
    throw new KernelAssertion("the server waits forever");
  }
}

/** Writes event `i` as the kernel does. */
export function putEvent(
  events: EpollEvents,
  i: number,
  event: { events: number; descriptor: number; generation: number },
): void {
  const one = new EpollEvents(1);
  one.setFirst(event.events, event.descriptor, event.generation);
  events.words.set(one.words, i * one.words.length);
}
