/**
 * A channel between two processes that carries packets, and with each of them an open descriptor, or none: sendmsg(2) with SCM_RIGHTS of
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
// struct cmsghdr { u64 len; s32 level; s32 type; s32 descriptor }, and padding, as words of 4 bytes
const CMSG_WORDS = 6;
const CMSG_BYTES = 4 * CMSG_WORDS;
const CMSG_LENGTH = 4 * 5;
const LEVEL = 2;
const TYPE = 3;
const DESCRIPTOR = 4;

/** What has arrived. */
export interface Packet {
  /** Valid until the next call. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** It belongs to the receiver; -1: there was none, or this process has no room for one more. */
  readonly descriptor: number;
}

/** One side of a channel. */
export class DescriptorChannel implements Disposable {
  readonly descriptor: number;
  // Each has an ArrayBuffer of its own, which does not move: the others contain its address.
  readonly #bytes = new Uint8Array(new ArrayBuffer(PACKET_BYTES));
  readonly #iovec = new BigUint64Array(new ArrayBuffer(2 * 8));
  readonly #control = new Int32Array(new ArrayBuffer(CMSG_BYTES));
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
   * Sends a packet that is not empty, and the descriptor unless that is -1.
   *
   * @returns "sent"; "later": nothing was sent, as the other side has to read first; "gone": the other side is closed
   * @throws {RangeError} if the packet is too long
   */
  send(bytes: Uint8Array, descriptor: number): "sent" | "later" | "gone" {
    if (bytes.length > PACKET_BYTES) {
      throw new RangeError(`a packet has at most ${PACKET_BYTES} bytes, not ${bytes.length}`);
    }
    this.#bytes.set(bytes);
    this.#prepare(bytes.length, descriptor >= 0);
    this.#control.set([CMSG_LENGTH, 0, SOL_SOCKET, SCM_RIGHTS, descriptor, 0]);
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
    const control = this.#control; // CMSG_WORDS of them
    const isPassed = this.#message[CONTROL_LENGTH]! >= BigInt(CMSG_LENGTH) &&
      control[LEVEL] === SOL_SOCKET && control[TYPE] === SCM_RIGHTS;
    return {
      bytes: this.#bytes.subarray(0, length),
      descriptor: isPassed ? control[DESCRIPTOR]! : -1,
    };
  }

  [Symbol.dispose](): void {
    libc().close(this.descriptor);
  }

  #receive(): number {
    this.#prepare(PACKET_BYTES, true);
    this.#control.fill(0);
    return result(libc().recvmsg(this.descriptor, this.#messageBytes, MSG_CMSG_CLOEXEC));
  }

  /** Fills in the message header, which the kernel changes. */
  #prepare(length: number, hasControl: boolean): void {
    this.#iovec[1] = BigInt(length);
    this.#message[CONTROL] = hasControl ? addressOf(this.#control) : 0n;
    this.#message[CONTROL_LENGTH] = hasControl ? BigInt(CMSG_BYTES) : 0n;
  }
}

function addressOf(
  view: Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>,
): bigint {
  return BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(view)));
}
