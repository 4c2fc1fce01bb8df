/**
 * A channel between a process and one that it starts: short texts in both directions, on a pair of connected Unix sockets.
 *
 * In: texts. Out: the texts of the other side, whole and in order (SOCK_SEQPACKET); its end, when no process has the other socket
 * open any more. It never waits.
 */

import { EAGAIN, EINTR } from "./errno.ts";
import { libc } from "./libc.ts";
import { LinuxOs } from "./linux.ts";
import { expectSuccess, result } from "./syscall.ts";

const AF_UNIX = 1;
const SOCK_SEQPACKET_NONBLOCK_CLOEXEC = 5 | 0x800 | 0x80000;
/** The longest text; a longer one is cut off. */
const TEXT_BYTES = 4096;

/** Two connected Unix sockets that keep the bounds of messages, close-on-exec. @throws {SystemError} if no descriptor is left */
export function connectedPair(): [number, number] {
  const pair = new Int32Array(2);
  const bytes = new Uint8Array(pair.buffer);
  const made = libc().socketpair(AF_UNIX, SOCK_SEQPACKET_NONBLOCK_CLOEXEC, 0, bytes);
  expectSuccess("socketpair", result(made));
  return [pair[0]!, pair[1]!]; // two elements
}

/** One side of a channel. */
export class ProcessChannel implements Disposable {
  readonly descriptor: number;
  readonly #os = new LinuxOs();

  /** @param descriptor one of a pair; it belongs to the channel from now on */
  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  /** Both sides, close-on-exec. @throws {SystemError} if no descriptor is left */
  static pair(): [ours: ProcessChannel, theirs: ProcessChannel] {
    const [ours, theirs] = connectedPair();
    return [new ProcessChannel(ours), new ProcessChannel(theirs)];
  }

  /** Sends a text that is not empty. Returns false if the other side is closed, or does not read. */
  send(text: string): boolean {
    const bytes = new TextEncoder().encode(text).subarray(0, TEXT_BYTES);
    return this.#os.send(this.descriptor, bytes, bytes.length, false) === bytes.length;
  }

  /** The next text; undefined: there is none yet; null: there will be none. */
  receive(): string | undefined | null {
    const bytes = new Uint8Array(TEXT_BYTES);
    const received = this.#os.recv(this.descriptor, bytes, bytes.length);
    if (received === -EAGAIN || received === -EINTR) return undefined;
    return received <= 0 ? null : new TextDecoder().decode(bytes.subarray(0, received));
  }

  [Symbol.dispose](): void {
    this.#os.close(this.descriptor);
  }
}
