/**
 * epoll(7): the constants, the layout of struct epoll_event, and the buffer that a wait fills.
 *
 * In: the buffer of one `epoll_wait`. Out: mask, descriptor and generation of each event in it.
 * The event's data carries the descriptor in its low word and the registration's generation in its high word,
 * so that an event of a closed descriptor can be distinguished from one of a later connection with the same
 * number.
 * On x86-64 the struct is packed to 12 bytes; on other architectures it has 16.
 *
 *   x86-64 :  events u32 | descriptor i32 | generation i32
 *   others :  events u32 | (4 bytes)      | descriptor i32 | generation i32
 */

/** Events, as in epoll_ctl(2). */
export const EPOLLIN = 0x001;
export const EPOLLOUT = 0x004;
export const EPOLLERR = 0x008;
export const EPOLLHUP = 0x010;
/** The peer sends no more. */
export const EPOLLRDHUP = 0x2000;
export const EPOLLET = 1 << 31;
/** Of several epoll instances that wait for one descriptor, an event wakes one. */
export const EPOLLEXCLUSIVE = 1 << 28;

/** Operations of epoll_ctl(2). */
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;

/** Flag of epoll_create1(2). */
export const EPOLL_CLOEXEC = 0x80000;

const PACKED = Deno.build.arch === "x86_64";
const EVENT_WORDS = PACKED ? 3 : 4;
const DATA_WORD = PACKED ? 1 : 2;

/** An array of struct epoll_event, as words. For `epoll_ctl` its capacity is one event. */
export class EpollEvents {
  /** The memory that the kernel reads or fills. */
  readonly words: Int32Array<ArrayBuffer>;
  /** The same memory as the FFI takes it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many events fit. */
  readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.words = new Int32Array(capacity * EVENT_WORDS);
    this.bytes = new Uint8Array(this.words.buffer);
  }

  /** The EPOLL… bits of event `i`. */
  events(i: number): number {
    return this.words[i * EVENT_WORDS] ?? 0;
  }

  /** The descriptor of event `i`. */
  descriptor(i: number): number {
    return this.words[i * EVENT_WORDS + DATA_WORD] ?? -1;
  }

  /** The generation that the descriptor was registered with. */
  generation(i: number): number {
    return this.words[i * EVENT_WORDS + DATA_WORD + 1] ?? -1;
  }

  /** Writes the first event, for epoll_ctl(2). */
  setFirst(events: number, descriptor: number, generation: number): void {
    this.words[0] = events;
    this.words[DATA_WORD] = descriptor;
    this.words[DATA_WORD + 1] = generation;
  }

  /** Exchanges two events. */
  swap(i: number, j: number): void {
    for (let word = 0; word < EVENT_WORDS; word++) {
      const [a, b] = [i * EVENT_WORDS + word, j * EVENT_WORDS + word];
      const kept = this.words[a]!; // both are below the capacity
      this.words[a] = this.words[b]!;
      this.words[b] = kept;
    }
  }

  /** Writes event `i`, below the capacity. */
  set(i: number, events: number, descriptor: number, generation: number): void {
    const at = i * EVENT_WORDS;
    this.words[at] = events;
    this.words[at + DATA_WORD] = descriptor;
    this.words[at + DATA_WORD + 1] = generation;
  }
}
