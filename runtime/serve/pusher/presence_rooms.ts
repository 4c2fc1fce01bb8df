/**
 * Who is in the presence channels that clients of this worker are subscribed to, in the order of the feed.
 *
 * In: the members that the store or an engine has when the first client comes; joins and leaves from the feed. Out: the members, and
 * whether a join or a leave is that of a user's first or last connection: others are told of users, and the store knows connections.
 *
 * The feed may have joins and leaves that are in the first list already. Each is for a connection, so it changes nothing twice. Only for
 * clients that come from another process these are taken back, as they are to be told of all of them: see missed_members.ts.
 */

import type { PusherMember } from "../../../protocol/pusher/mod.ts";
import { type Soon, whenThere } from "../broker/mod.ts";
import { type ChannelContext, decodeClientInfo } from "../centrifuge/mod.ts";

/** Somebody who has come or gone. */
export interface Connection {
  readonly client: string;
  readonly member: PusherMember;
}

interface User {
  readonly member: PusherMember;
  connections: number;
}

/** A join or a leave of a connection. */
export interface ConnectionChange extends Connection {
  readonly isJoin: boolean;
}

/** What a join or leave is for the others. */
export interface PresenceChange {
  readonly kind: "added" | "removed";
  readonly member: PusherMember;
  /** The connection, which is not told of itself. */
  readonly client: string;
}

/** Says what a join or a leave is for the others; undefined: nothing. */
export interface MemberChanges {
  /** Somebody has joined. */
  join(info: Uint8Array): PresenceChange | undefined;
  /** Somebody has left. */
  leave(info: Uint8Array): PresenceChange | undefined;
}

/** One channel. */
export class PresenceRoom implements MemberChanges {
  /** `limit`: it has more members than a list may have. */
  readonly ready: Soon<"ready" | "limit" | "busy">;
  /** How many clients of this worker are in it. */
  clients = 0;
  readonly #byClient = new Map<string, string>();
  readonly #users = new Map<string, User>();
  /** What has come before the first list; undefined: the list is there. */
  #early: (() => void)[] | undefined = [];

  constructor({ broker, limits }: Pick<ChannelContext, "broker" | "limits">, key: Uint8Array) {
    const found: Uint8Array[] = [];
    const answer = broker.presence(key, limits.presenceClients, (_client, info) => {
      found.push(info.slice());
    });
    this.ready = whenThere(answer, ({ status }) => {
      for (const info of found) this.#enter(connectionOf(info));
      for (const apply of this.#early ?? []) apply();
      this.#early = undefined;
      return status === "read" ? "ready" : status;
    });
  }

  /** How many connections are in it. */
  get size(): number {
    return this.#byClient.size;
  }

  /** All users, and one more who is about to come. */
  *membersWith(own: PusherMember): Iterable<PusherMember> {
    for (const [id, { member }] of this.#users) if (id !== own.id) yield member;
    yield this.#users.get(own.id)?.member ?? own;
  }

  /** Whether a connection is in it. */
  has(client: string): boolean {
    return this.#byClient.has(client);
  }

  /** The connections of a user. */
  connectionsOf(user: string): number {
    return this.#users.get(user)?.connections ?? 0;
  }

  /** Takes changes back that are still to come, by the first one of each connection: the list had them already. */
  rewind(changes: Iterable<ConnectionChange>): void {
    for (const change of changes) {
      if (change.isJoin) this.#remove(change);
      else this.#enter(change);
    }
  }

  join(info: Uint8Array): PresenceChange | undefined {
    return this.#when(connectionOf(info), (connection) => this.#enter(connection));
  }

  leave(info: Uint8Array): PresenceChange | undefined {
    return this.#when(connectionOf(info), (connection) => this.#remove(connection));
  }

  #when(
    connection: Connection,
    apply: (connection: Connection) => PresenceChange | undefined,
  ): PresenceChange | undefined {
    if (this.#early === undefined) return apply(connection);
    // Nobody has got a list yet.
    this.#early.push(() => void apply(connection));
    return undefined;
  }

  #enter({ client, member }: Connection): PresenceChange | undefined {
    if (this.#byClient.has(client)) return undefined;
    this.#byClient.set(client, member.id);
    const user = this.#users.get(member.id);
    if (user !== undefined) {
      user.connections++;
      return undefined;
    }
    this.#users.set(member.id, { member, connections: 1 });
    return { kind: "added", member, client };
  }

  #remove({ client }: Connection): PresenceChange | undefined {
    const id = this.#byClient.get(client);
    const user = this.#users.get(id ?? "");
    if (id === undefined || user === undefined) return undefined;
    this.#byClient.delete(client);
    if (--user.connections > 0) return undefined;
    this.#users.delete(id);
    return { kind: "removed", member: user.member, client };
  }
}

/** A member as the store has it, whichever protocol it speaks. Without a user, a connection is one of its own. */
export function connectionOf(info: Uint8Array): Connection {
  const { user, client, channelInfo, connectionInfo } = decodeClientInfo(info);
  // The bytes are those of the feed.
  const seen = (channelInfo ?? connectionInfo)?.slice();
  return { client, member: { id: user === "" ? client : user, info: seen } };
}

/** The rooms of one app on one worker. */
export class PresenceRooms {
  readonly #context: Pick<ChannelContext, "broker" | "limits">;
  readonly #byName = new Map<string, PresenceRoom>();

  constructor(context: Pick<ChannelContext, "broker" | "limits">) {
    this.#context = context;
  }

  /** The room of a channel, if a client of this worker is in it. */
  find(name: string): PresenceRoom | undefined {
    return this.#byName.get(name);
  }

  /** One more client comes; the channel was entered in the hub. {@link leave} must follow. */
  enter(name: string, key: Uint8Array): PresenceRoom {
    let room = this.#byName.get(name);
    if (room === undefined) this.#byName.set(name, room = new PresenceRoom(this.#context, key));
    room.clients++;
    return room;
  }

  /** A client is gone. */
  leave(name: string, room: PresenceRoom): void {
    room.clients--;
    if (room.clients === 0 && this.#byName.get(name) === room) this.#byName.delete(name);
  }
}
