/**
 * Removes what a dead worker has left: its subscribers, and its members, whose leaving is announced.
 *
 * In: the worker. Out: nothing of it, after so many steps that each holds the lock briefly. The main thread steps until it is
 * done, and starts the worker's successor only then: the successor has the same number.
 */
import type { ChannelDirectory } from "./channel_directory.ts";
import type { Guard } from "./guard.ts";
import { CHANNEL, NODE, NODE_KIND } from "./records.ts";
import { LEFT_SUBSCRIBER, LEFT_WORKER } from "./left_clients.ts";
import type { Presence } from "./presence.ts";
import type { StoreMemory } from "./store_memory.ts";

/** Buckets and members that one holding of the lock visits. */
const STEP = 64;

/** The removal of one worker. */
export class WorkerRemoval {
  readonly #on: {
    readonly memory: StoreMemory;
    readonly guard: Guard;
    readonly directory: ChannelDirectory;
    readonly presence: Presence;
  };
  readonly #worker: number;
  #bucket = 0;

  /**
   * @param on what it works on
   * @param worker the worker that has ended
   */
  constructor(
    on: { memory: StoreMemory; guard: Guard; directory: ChannelDirectory; presence: Presence },
    worker: number,
  ) {
    this.#on = on;
    this.#worker = worker;
  }

  /**
   * Visits a part of the table; some microseconds, or a tenth of a millisecond if there are members.
   *
   * @returns true if nothing of the worker is left, or the store is sealed; false: call it again, also if the store was busy
   */
  step(): boolean {
    const { guard, memory } = this.#on;
    return guard.run(() => {
      const { bucketCount } = memory.table;
      for (let visited = 0; visited < STEP && this.#bucket < bucketCount; visited++) {
        // A removal may change the whole chain: visit the bucket again.
        if (!this.#removeFrom(this.#bucket)) this.#bucket++;
      }
      return this.#bucket >= bucketCount;
    }) ?? guard.isSealed;
  }

  /** Removes one member of the bucket; false if there is none, and its channels have no subscribers on the worker. */
  #removeFrom(bucket: number): boolean {
    const { memory, directory, presence } = this.#on;
    const { words, table, journal } = memory;
    let node = table.first(bucket);
    for (; node !== 0; node = words[node + NODE.next]!) {
      const kind = table.kindOf(node);
      if (kind === NODE_KIND.channel) {
        const isLeft = this.#worker === LEFT_WORKER;
        const count = node + CHANNEL.subscribers + (isLeft ? 0 : this.#worker);
        const kept = isLeft ? words[count]! & ~LEFT_SUBSCRIBER : words[count]! & LEFT_SUBSCRIBER;
        if (words[count] === kept) continue;
        journal.set(count, kept);
        directory.touch(node);
        journal.commit();
      } else if (kind === NODE_KIND.member && presence.workerOf(node) === this.#worker) {
        presence.removeMember(node);
        return true;
      }
    }
    return false;
  }
}
