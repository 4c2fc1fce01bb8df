/**
 * Sends connections to the server that replaces this one.
 *
 * In: connections that workers have given up, whose descriptors are open. Out: packets on a channel; each descriptor is closed once it is
 * sent, and the new server answers with how many it goes on with. If it is gone, or neither reads nor answers for {@link PATIENCE}, those that
 * are left are closed, and nothing more can be sent.
 */

import { type DescriptorChannel, LinuxOs } from "../os/mod.ts";
import type { MovedConnection } from "../thread/mod.ts";
import { countIn, packetsOf } from "./connection_record.ts";

/** Milliseconds between two attempts, and until the other side must have read. */
const RETRY = 1;
const PATIENCE = 10_000;

/** Sends over one channel, which it closes. */
export class ConnectionSender implements Disposable {
  /** How many connections have been sent. */
  sent = 0;
  readonly #channel: DescriptorChannel;
  readonly #patience: number;
  readonly #os = new LinuxOs();
  /** The channel is closed: nothing can be sent any more. */
  isGone = false;
  // With how many of them the new server goes on.
  #taken = 0;
  // One batch after the other.
  #sending = Promise.resolve();

  /**
   * @param channel belongs to the sender from now on
   * @param patience milliseconds
   */
  constructor(channel: DescriptorChannel, patience = PATIENCE) {
    this.#channel = channel;
    this.#patience = patience;
  }

  /** Sends these after those before; fulfilled when the new server goes on with them, or has had the time for it. */
  async add(connections: readonly MovedConnection[]): Promise<void> {
    const sending = this.#sending = this.#sending.then(() => this.#sendAll(connections));
    await sending;
    const { sent } = this;
    const end = performance.now() + this.#patience;
    while (!this.isGone && this.#taken < sent) {
      if (performance.now() > end) return this[Symbol.dispose]();
      await new Promise((resolve) => setTimeout(resolve, RETRY));
      this.#receive();
    }
  }

  /** Nothing follows; fulfilled when all is sent. */
  async end(): Promise<void> {
    await this.#sending;
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    if (!this.isGone) this.#channel[Symbol.dispose]();
    this.isGone = true;
  }

  #receive(): void {
    if (this.isGone) return;
    const packet = this.#channel.receive();
    if (packet === null) this[Symbol.dispose]();
    else if (packet !== undefined) this.#taken += countIn(packet.bytes);
  }

  async #sendAll(connections: readonly MovedConnection[]): Promise<void> {
    for (const connection of connections) {
      if (!this.isGone && await this.#send(connection)) this.sent++;
      else this[Symbol.dispose]();
      this.#os.close(connection.descriptor);
    }
  }

  async #send(connection: MovedConnection): Promise<boolean> {
    let { descriptor } = connection;
    for (const packet of packetsOf(connection)) {
      const end = performance.now() + this.#patience;
      let result = this.#channel.send(packet, descriptor);
      while (result === "later" && performance.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, RETRY));
        result = this.#channel.send(packet, descriptor);
      }
      if (result !== "sent") return false;
      descriptor = -1;
    }
    return true;
  }
}
