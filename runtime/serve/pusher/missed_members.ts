/**
 * Who has come and gone in a presence channel while a connection was on its way from another process.
 *
 * In: the joins and leaves that the worker has passed on since; the room as it is after them. Out: for each of them, in order, what it is
 * for that connection, which knows the members of before. The room is not changed: all connections that come have it in common.
 */

import { type Entry, ENTRY_KIND, type EntrySink } from "../../channels/mod.ts";
import {
  type ConnectionChange,
  connectionOf,
  type MemberChanges,
  type PresenceChange,
  type PresenceRoom,
} from "./presence_rooms.ts";

/** Collects the first join or leave of each connection: it says whether the connection was there before. */
export class FirstChanges implements EntrySink {
  readonly #byClient = new Map<string, ConnectionChange>();

  entry({ kind, data }: Entry): void {
    if (kind !== ENTRY_KIND.join && kind !== ENTRY_KIND.leave) return;
    const connection = connectionOf(data);
    if (this.#byClient.has(connection.client)) return;
    this.#byClient.set(connection.client, { ...connection, isJoin: kind === ENTRY_KIND.join });
  }

  [Symbol.iterator](): Iterator<ConnectionChange> {
    return this.#byClient.values();
  }
}

/** The members as that connection knows them, as far as they change. */
export class MissedMembers implements MemberChanges {
  readonly #isThere = new Map<string, boolean>();
  /** Connections of each user. */
  readonly #counts = new Map<string, number>();

  /** @param changes what the room has behind it */
  constructor(
    room: Pick<PresenceRoom, "connectionsOf" | "has">,
    changes: Iterable<ConnectionChange>,
  ) {
    for (const { isJoin, client, member: { id } } of changes) {
      const wasThere = !isJoin;
      this.#isThere.set(client, wasThere);
      const count = this.#counts.get(id) ?? room.connectionsOf(id);
      this.#counts.set(id, count + Number(wasThere) - Number(room.has(client)));
    }
  }

  join(info: Uint8Array): PresenceChange | undefined {
    return this.#change(info, true);
  }

  leave(info: Uint8Array): PresenceChange | undefined {
    return this.#change(info, false);
  }

  #change(info: Uint8Array, isJoin: boolean): PresenceChange | undefined {
    const { client, member } = connectionOf(info);
    if (this.#isThere.get(client) === isJoin) return undefined;
    this.#isThere.set(client, isJoin);
    const before = this.#counts.get(member.id) ?? 0;
    const after = before + (isJoin ? 1 : -1);
    this.#counts.set(member.id, after);
    if (isJoin && before === 0) return { kind: "added", member, client };
    return !isJoin && after === 0 ? { kind: "removed", member, client } : undefined;
  }
}
