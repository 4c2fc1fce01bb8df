/**
 * Reads the members of a channel in pages, beside threads that change them.
 *
 * In: a channel's name. Out: its members to a visitor, newest first, after all are copied; and the counts. A client that joins
 * or leaves meanwhile may be in the list or not; every other one is in it once.
 */
import type { ChannelDirectory, HashedName } from "./channel_directory.ts";
import type { Guard } from "./guard.ts";
import type { Presence } from "./presence.ts";
import { type RecordBuffer, RecordBuffers } from "./record_buffer.ts";
import { CHANNEL, keyLengthOf, MEMBER } from "./records.ts";
import type { StoreMemory } from "./store_memory.ts";

/** Receives members; the views are valid until it returns. */
export type MemberVisitor = (client: Uint8Array, info: Uint8Array) => void;

/** The counts of a channel's members. */
export interface PresenceResult {
  /** `limit`: more members than asked for, none was passed. `busy`: the store was locked for too long. */
  readonly status: "read" | "limit" | "busy";
  readonly clients: number;
  readonly users: number;
}

const NONE: PresenceResult = { status: "read", clients: 0, users: 0 };
const BUSY: PresenceResult = { status: "busy", clients: 0, users: 0 };

/** Reads members. */
export class PresenceReader {
  readonly #memory: StoreMemory;
  readonly #guard: Guard;
  readonly #directory: ChannelDirectory;
  readonly #presence: Presence;
  readonly #buffers = new RecordBuffers();

  /** @param on what it works on */
  constructor(
    on: { memory: StoreMemory; guard: Guard; directory: ChannelDirectory; presence: Presence },
  ) {
    this.#memory = on.memory;
    this.#guard = on.guard;
    this.#directory = on.directory;
    this.#presence = on.presence;
  }

  /** Counts the members. */
  counts(name: HashedName): PresenceResult {
    return this.#guard.run(() => this.#countsOf(this.#directory.find(name))) ?? BUSY;
  }

  /** Passes the members to `visitor`, unless there are more than `limit`. */
  members(name: HashedName, limit: number, visitor: MemberVisitor): PresenceResult {
    return this.#buffers.with((buffer) => {
      const result = this.#copyMembers(name, limit, buffer);
      if (result.status === "read") deliver(buffer, visitor);
      return result;
    });
  }

  #copyMembers(name: HashedName, limit: number, buffer: RecordBuffer): PresenceResult {
    let below = 0;
    let epoch = 0;
    let counts = NONE;
    do {
      const page = this.#guard.run(() => {
        const channel = this.#directory.find(name);
        const sameChannel = channel !== 0 &&
          (epoch === 0 || epoch === this.#directory.epochOf(channel));
        counts = this.#countsOf(channel);
        if (!sameChannel || counts.clients > limit) return 0;
        epoch = this.#directory.epochOf(channel);
        return this.#presence.copyPage(channel, below, buffer);
      });
      if (page === undefined) return BUSY;
      below = page;
    } while (below !== 0);
    return counts.clients > limit ? { ...counts, status: "limit" } : counts;
  }

  #countsOf(channel: number): PresenceResult {
    if (channel === 0) return NONE;
    const { words } = this.#memory;
    const [clients, users] = [words[channel + CHANNEL.members]!, words[channel + CHANNEL.users]!];
    return { status: "read", clients, users };
  }
}

function deliver(buffer: RecordBuffer, visitor: MemberVisitor): void {
  buffer.forEach((words, bytes, at) => {
    const start = (at + MEMBER.key) * 4;
    const end = start + keyLengthOf(words, at);
    const infoEnd = end + words[at + MEMBER.infoLength]!;
    visitor(bytes.subarray(start, end), bytes.subarray(end, infoEnd));
  });
}
