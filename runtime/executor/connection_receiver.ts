/**
 * Receives the connections of the server that this one replaces.
 *
 * In: the packets of a channel. Out: connections, in batches, until the old server has sent all, or is gone. What has not arrived whole
 * by then is closed.
 */

import type { StoreIdentity } from "../channels/mod.ts";
import type { DescriptorChannel, MemoryFile } from "../os/mod.ts";
import { inTime } from "../thread/mod.ts";
import { answerTo, type ArrivedRecord, RecordReader } from "./connection_packets.ts";
import { receiveIdentity, receiveMemory, receiveText } from "./store_packets.ts";

/** Milliseconds between two looks at the channel: doubled while nothing comes, not even a part of a connection. */
const SHORTEST_PAUSE = 1;
const LONGEST_PAUSE = 8;
/** Milliseconds for which an answer waits for the workers. */
const LONGEST_TAKE = 100;
/** Connections of a batch at most: workers serve meanwhile. */
const BATCH = 256;

/** Receives from one channel, which it closes. */
export class ConnectionReceiver implements Disposable {
  readonly #channel: DescriptorChannel;
  readonly #reader = new RecordReader();
  #hasEnded = false;
  // Whether the last look has found anything.
  #hasCome = false;

  /** What memory of channels may come; undefined: none. */
  readonly storeIdentity: StoreIdentity | undefined;

  /** @param channel belongs to the receiver from now on */
  constructor(channel: DescriptorChannel) {
    this.#channel = channel;
    this.storeIdentity = receiveIdentity(channel);
  }

  /** A text about the engine that the old server sends before the memory; undefined: it has not come yet, null: it does not come. */
  takeText(): string | undefined | null {
    return receiveText(this.#channel);
  }

  /** The memory of the channels, if it has come. Called once, if this server has said that it takes it, before {@link receiveAll}. */
  takeStore(): MemoryFile | undefined {
    return receiveMemory(this.#channel);
  }

  /** Passes on what arrives, in batches, and answers those that are taken; fulfilled when there will be no more. */
  async receiveAll(take: (batch: readonly ArrivedRecord[]) => Promise<void>): Promise<void> {
    let pause = SHORTEST_PAUSE;
    while (!this.#hasEnded) {
      const batch = this.#receive();
      if (batch.length > 0) void this.#answer(batch.length, take(batch));
      pause = this.#hasCome ? SHORTEST_PAUSE : Math.min(2 * pause, LONGEST_PAUSE);
      if (!this.#hasEnded) await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  [Symbol.dispose](): void {
    if (!this.#hasEnded) this.#channel[Symbol.dispose]();
    this.#hasEnded = true;
    this.#reader[Symbol.dispose]();
  }

  /** The old server gives up more as soon as these go on; a worker that does not turn holds up nobody. */
  async #answer(count: number, taken: Promise<void>): Promise<void> {
    await inTime(taken, LONGEST_TAKE);
    if (!this.#hasEnded) this.#channel.send(answerTo(count));
  }

  /** What is there now. */
  #receive(): ArrivedRecord[] {
    const batch: ArrivedRecord[] = [];
    this.#hasCome = false;
    while (batch.length < BATCH) {
      const packet = this.#channel.receive();
      if (packet === undefined) break;
      this.#hasCome = true;
      if (packet === null) {
        this[Symbol.dispose]();
        break;
      }
      const arrived = this.#reader.take(packet);
      // Without a descriptor: none was free, and the old server has closed its own.
      const open = arrived.filter(({ descriptor }) => descriptor >= 0);
      const lost = arrived.length - open.length;
      if (lost > 0) this.#channel.send(answerTo(lost));
      batch.push(...open);
    }
    return batch;
  }
}
