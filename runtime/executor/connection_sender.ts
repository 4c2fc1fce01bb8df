/**
 * Sends connections to the server that replaces this one.
 *
 * In: connections that workers have given up, whose descriptors are open. Out: packets on a channel; each descriptor is closed once it is
 * sent, and the new server answers with how many it goes on with. If it is gone, or neither reads nor answers for {@link PATIENCE}, those that
 * are left are closed, and nothing more can be sent.
 */

import type { StoreIdentity } from "../channels/mod.ts";
import { type DescriptorChannel, LinuxOs, type MemoryFile } from "../os/mod.ts";
import type { MovedConnections } from "../thread/mod.ts";
import { type ConnectionPacket, countIn, packetsOf } from "./connection_packets.ts";
import { sendIdentity, sendMemory, sendText } from "./store_packets.ts";

/** Milliseconds between two attempts, and until the other side must have read. */
const RETRY = 1;
const PATIENCE = 10_000;
/** So many at most, before workers give up the next ones: the new server is busy with these meanwhile. */
const AHEAD = 256;

/** Sends over one channel, which it closes. */
export class ConnectionSender implements Disposable {
  /** How many connections have been sent. */
  sent = 0;
  /** With how many of them the new server goes on. */
  taken = 0;
  /** Whether the new server goes on with the channels, if it gets their memory before any connection. */
  takesStore = false;
  readonly #channel: DescriptorChannel;
  readonly #patience: number;
  readonly #ahead: number;
  readonly #os = new LinuxOs();
  /** The channel is closed: nothing can be sent any more. */
  isGone = false;
  // One batch after the other.
  #sending = Promise.resolve();

  /**
   * @param channel belongs to the sender from now on
   * @param patience milliseconds
   * @param ahead connections that are on their way, at most, before the next ones are asked for
   */
  constructor(channel: DescriptorChannel, patience = PATIENCE, ahead = AHEAD) {
    this.#channel = channel;
    this.#patience = patience;
    this.#ahead = ahead;
  }

  /** Tells the new server about the memory that it may get. */
  announceStore(identity: StoreIdentity): void {
    sendIdentity(this.#channel, identity);
  }

  /** Passes on which channels of an engine are followed, or what is known of it. Returns whether the new server gets it. @throws {SystemError} */
  sendText(text: string): boolean {
    return !this.isGone && sendText(this.#channel, text);
  }

  /** Passes the memory of the channels on; undefined: there is none. Returns whether the new server gets it. */
  sendStore(file: MemoryFile | undefined): boolean {
    return sendMemory(this.#channel, file);
  }

  /**
   * Sends these after those before; fulfilled when the new server has so few left to go on with, or has had the time for it.
   *
   * @param left default: those that may be on their way; Infinity: nobody waits
   */
  async add(connections: MovedConnections, left = this.#ahead): Promise<void> {
    const sending = this.#sending = this.#sending.then(() => this.#sendAll(connections));
    await sending;
    await this.#whenTaken(this.sent - left);
  }

  /** Fulfilled when the new server goes on with so many. */
  async #whenTaken(count: number): Promise<void> {
    const end = performance.now() + this.#patience;
    while (!this.isGone && this.taken < count) {
      if (performance.now() > end) return this[Symbol.dispose]();
      await new Promise((resolve) => setTimeout(resolve, RETRY));
      this.#receive();
    }
  }

  /** Nothing follows; fulfilled when the new server goes on with all. */
  async end(): Promise<void> {
    await this.#sending;
    // A close with answers that nobody has read would take from it what it has not read.
    await this.#whenTaken(this.sent);
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    if (!this.isGone) this.#channel[Symbol.dispose]();
    this.isGone = true;
  }

  #receive(): void {
    while (!this.isGone) {
      const packet = this.#channel.receive();
      if (packet === undefined) return;
      if (packet === null) this[Symbol.dispose]();
      else this.taken += countIn(packet.bytes);
    }
  }

  async #sendAll(connections: MovedConnections): Promise<void> {
    for (const packet of packetsOf(connections)) {
      const { descriptors } = packet;
      if (!this.isGone && await this.#send(packet)) this.sent += descriptors.length;
      else this[Symbol.dispose]();
      for (const descriptor of descriptors) this.#os.close(descriptor);
    }
  }

  async #send({ bytes, descriptors }: ConnectionPacket): Promise<boolean> {
    const end = performance.now() + this.#patience;
    let result = this.#channel.send(bytes, descriptors);
    while (result === "later" && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, RETRY));
      result = this.#channel.send(bytes, descriptors);
    }
    return result === "sent";
  }
}
