/**
 * A channel between two processes that carries packets, and with each of them open descriptors, or none: sendmsg(2) with SCM_RIGHTS of
 * unix(7).
 *
 * In: packets of at most {@link PACKET_BYTES}. Out: the packets of the other side, whole and in order (SOCK_SEQPACKET). A descriptor that
 * arrives is a new number for the same open socket, close-on-exec; the sender still has its own. Nothing here ever waits.
 */

import { EAGAIN, ECONNRESET, EINTR, ENOBUFS } from "./errno.ts";
import { libc } from "./libc.ts";
import { connectedPair } from "./process_channel.ts";
import { result } from "./syscall.ts";

/** The longest packet: a socket's buffer holds several. */
export const PACKET_BYTES = 32 * 1024;
/** The most descriptors of a packet: fewer than SCM_MAX_FD of the kernel. */
export const PACKET_DESCRIPTORS = 128;

const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x4000_0000;
/** More descriptors are on their way than this process may have open; the receiver takes them. */
const ETOOMANYREFS = 109;
const NOT_NOW = [EAGAIN, EINTR, ENOBUFS, ETOOMANYREFS];

// struct msghdr { void *name; u32 namelen; iovec *iov; u64 iovlen; void *control; u64 controllen; s32 flags } as words of 8 bytes
const MSGHDR_WORDS = 7;
const IOV = 2;
const IOV_LENGTH = 3;
const CONTROL = 4;
const CONTROL_LENGTH = 5;
// struct cmsghdr { u64 len; s32 level; s32 type; s32 descriptors[] }, a multiple of 8 bytes, as words of 4 bytes
const LENGTH = 0;
const LEVEL = 2;
const TYPE = 3;
const DESCRIPTORS = 4;
const CMSG_WORDS = DESCRIPTORS + PACKET_DESCRIPTORS;

/** What has arrived. */
export interface Packet {
  /** Valid until the next call. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** They belong to the receiver. Fewer than were sent: this process has no room for more. */
  readonly descriptors: readonly number[];
}

/** One side of a channel. */
export class DescriptorChannel implements Disposable {
  readonly descriptor: number;
  // Each has an ArrayBuffer of its own, which does not move: the others contain its address.
  readonly #bytes = new Uint8Array(new ArrayBuffer(PACKET_BYTES));
  readonly #iovec = new BigUint64Array(new ArrayBuffer(2 * 8));
  readonly #control = new Int32Array(new ArrayBuffer(4 * CMSG_WORDS));
  readonly #message = new BigUint64Array(new ArrayBuffer(MSGHDR_WORDS * 8));
  readonly #messageBytes = new Uint8Array(this.#message.buffer);

  /** @param descriptor one of a pair; it belongs to the channel from now on */
  constructor(descriptor: number) {
    this.descriptor = descriptor;
    this.#iovec[0] = addressOf(this.#bytes);
    this.#message[IOV] = addressOf(this.#iovec);
    this.#message[IOV_LENGTH] = 1n;
  }

  /** Both sides, close-on-exec. @throws {SystemError} if no descriptor is left */
  static pair(): [ours: DescriptorChannel, theirs: DescriptorChannel] {
    const [ours, theirs] = connectedPair();
    return [new DescriptorChannel(ours), new DescriptorChannel(theirs)];
  }

  /**
   * Sends a packet that is not empty, and descriptors, which stay the sender's, too.
   *
   * @returns "sent"; "later": nothing was sent, as the other side has to read first; "gone": the other side is closed
   * @throws {RangeError} if the packet is too long, or has too many of them
   */
  send(bytes: Uint8Array, descriptors: readonly number[] = []): "sent" | "later" | "gone" {
    if (bytes.length > PACKET_BYTES) {
      throw new RangeError(`a packet has at most ${PACKET_BYTES} bytes, not ${bytes.length}`);
    }
    if (descriptors.length > PACKET_DESCRIPTORS) {
      throw new RangeError(
        `a packet has at most ${PACKET_DESCRIPTORS} descriptors, not ${descriptors.length}`,
      );
    }
    this.#bytes.set(bytes);
    this.#prepare(bytes.length, descriptors.length);
    const length = 4 * (DESCRIPTORS + descriptors.length);
    this.#control.set([length, 0, SOL_SOCKET, SCM_RIGHTS, ...descriptors]);
    const sent = result(libc().sendmsg(this.descriptor, this.#messageBytes, MSG_NOSIGNAL));
    if (sent === bytes.length) return "sent";
    return NOT_NOW.includes(-sent) ? "later" : "gone";
  }

  /** The next packet; undefined: there is none yet; null: there will be none. */
  receive(): Packet | undefined | null {
    let length = this.#receive();
    // unix(7): the other side has closed, and had not read everything. What it has sent before is still there.
    if (length === -ECONNRESET) length = this.#receive();
    if (length < 0 && NOT_NOW.includes(-length)) return undefined;
    if (length <= 0) return null;
    return { bytes: this.#bytes.subarray(0, length), descriptors: this.#passed() };
  }

  /** The descriptors of the packet that was received. */
  #passed(): number[] {
    const control = this.#control;
    const isPassed = this.#message[CONTROL_LENGTH]! > 0n &&
      control[LEVEL] === SOL_SOCKET && control[TYPE] === SCM_RIGHTS;
    return isPassed ? [...control.subarray(DESCRIPTORS, control[LENGTH]! / 4)] : [];
  }

  [Symbol.dispose](): void {
    libc().close(this.descriptor);
  }

  #receive(): number {
    this.#prepare(PACKET_BYTES, PACKET_DESCRIPTORS);
    this.#control.fill(0, 0, DESCRIPTORS);
    return result(libc().recvmsg(this.descriptor, this.#messageBytes, MSG_CMSG_CLOEXEC));
  }

  /** Fills in the message header, which the kernel changes. */
  #prepare(length: number, descriptors: number): void {
    this.#iovec[1] = BigInt(length);
    this.#message[CONTROL] = descriptors > 0 ? addressOf(this.#control) : 0n;
    // The descriptors alone decide: CMSG_SPACE of an odd number has padding.
    const words = descriptors > 0 ? DESCRIPTORS + descriptors + descriptors % 2 : 0;
    this.#message[CONTROL_LENGTH] = BigInt(4 * words);
  }
}

function addressOf(
  view: Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>,
): bigint {
  return BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(view)));
}
