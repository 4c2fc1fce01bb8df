/**
 * Which channels are occupied on all workers together, and by whom; and what of it others are to be told, once each.
 *
 * In: the reports of the workers, the end of a worker, and the time. Out: events. Who comes is told of at once. Who leaves is told of after
 * a delay, and not at all if it is back by then: a page that is loaded again changes nothing. The order of the events of a channel is:
 * occupied, members come, members go, vacated. No clock, no timer and no address is here.
 *
 * At an upgrade the new server goes on with what the old one has told. Whose clients do not come by the time that all have arrived have left.
 */

import type { WebhookEvent } from "../../config/mod.ts";
import type { ChannelReport } from "../../thread/mod.ts";

/** What others may be told. */
export interface ChannelEvent {
  readonly name: WebhookEvent;
  /** The number of the app, in the order of the config. */
  readonly app: number;
  readonly channel: string;
  /** Of `client_event`. */
  readonly event?: string;
  readonly data?: string;
  readonly socketId?: string;
  /** Of a member; absent: the event is none of a member. */
  readonly user?: string;
}

/** What was told of a channel. */
export interface ToldChannel {
  readonly app: number;
  readonly channel: string;
  readonly isOccupied: boolean;
  readonly users: readonly string[];
}

/** What an occupancy is made with. */
export interface OccupancyParts {
  /** Milliseconds after which those who left are told of. */
  readonly delay: number;
  /** So many wait for that, at most: those that wait the longest are told of earlier. */
  readonly mostLeaving: number;
  tell(event: ChannelEvent): void;
}

/** The subscribers and members of one channel. */
interface Channel {
  readonly app: number;
  readonly channel: string;
  /** With subscribers. */
  readonly workers: Set<number>;
  /** Whether it was told that it is occupied, and not yet that it is vacated. */
  isTold: boolean;
  readonly members: Map<string, { readonly user: string; readonly worker: number }>;
  /** Connections of each user who was told of; 0: has left, and that waits. */
  readonly users: Map<string, number>;
}

/** Somebody has left. */
interface Leaving {
  readonly due: number;
  readonly key: string;
  /** Undefined: the channel itself. */
  readonly user: string | undefined;
}

/** All channels of all apps. */
export class Occupancy {
  readonly #parts: OccupancyParts;
  readonly #byKey = new Map<string, Channel>();
  /** In the order of their times. */
  readonly #leaving = new Map<string, Leaving>();
  #isSilent = false;

  constructor(parts: OccupancyParts) {
    this.#parts = parts;
  }

  /** When {@link expire} has something to do; Infinity: nobody has left. */
  get next(): number {
    if (this.#isSilent) return Infinity;
    for (const { due } of this.#leaving.values()) return due;
    return Infinity;
  }

  /** A worker has reported something. @param now milliseconds of a clock that is never set back */
  report(worker: number, report: Exclude<ChannelReport, { kind: "dropped" }>, now: number): void {
    if (report.kind === "event") return this.#tellEvent(report);
    const key = keyOf(report);
    const channel = this.#byKey.get(key) ?? this.#add(key, report);
    switch (report.kind) {
      case "occupied":
        this.#occupy(key, channel, worker);
        break;
      case "vacated":
        this.#vacate(key, channel, { worker, now });
        break;
      case "joined":
        this.#join(key, channel, { worker, client: report.client, user: report.user });
        break;
      case "left":
        this.#leave(key, channel, { client: report.client, now });
    }
    this.#forget(key, channel);
  }

  /** A worker has ended: its subscribers and members have left. */
  remove(worker: number, now: number): void {
    for (const [key, channel] of this.#byKey) {
      for (const [client, member] of channel.members) {
        if (member.worker === worker) this.#leave(key, channel, { client, now });
      }
      this.#vacate(key, channel, { worker, now });
      this.#forget(key, channel);
    }
  }

  /** Tells of those who left long enough ago. */
  expire(now: number): void {
    if (this.#isSilent) return;
    for (const leaving of this.#leaving.values()) {
      if (leaving.due > now) return;
      this.#expire(leaving);
    }
  }

  /** Nobody is subscribed any more: tells so at once. */
  end(): void {
    this.noteArrived(0);
    const all = new Set<number>();
    for (const { workers, members } of this.#byKey.values()) {
      for (const worker of workers) all.add(worker);
      for (const { worker } of members.values()) all.add(worker);
    }
    for (const worker of all) this.remove(worker, 0);
    this.expire(Infinity);
  }

  /** From now on nobody is told who leaves: they go to another server, which tells of them. Until {@link speak}. */
  silence(): void {
    this.#isSilent = true;
  }

  /** They have not gone there. */
  speak(): void {
    this.#isSilent = false;
  }

  /** What was told, for {@link adopt} of the other server. */
  get told(): ToldChannel[] {
    return [...this.#byKey.values()].map(({ app, channel, isTold, users }) => ({
      app,
      channel,
      isOccupied: isTold,
      users: [...users.keys()],
    }));
  }

  /** Goes on with what another server has told. Who is there is reported again, and until {@link noteArrived} nobody is missing. */
  adopt(channels: Iterable<ToldChannel>): void {
    for (const { isOccupied, users, ...name } of channels) {
      const key = keyOf(name);
      const channel = this.#byKey.get(key) ?? this.#add(key, name);
      channel.isTold = isOccupied;
      for (const user of users) channel.users.set(user, 0);
      this.#forget(key, channel);
    }
  }

  /** All have come that come at all: the others have left. */
  noteArrived(now: number): void {
    for (const [key, { isTold, workers, users }] of this.#byKey) {
      for (const [user, connections] of users) {
        const id = userKey(key, user);
        if (connections === 0 && !this.#leaving.has(id)) this.#wait(id, { key, user }, now);
      }
      if (isTold && workers.size === 0 && !this.#leaving.has(key)) {
        this.#wait(key, { key, user: undefined }, now);
      }
    }
  }

  #tellEvent(
    { app, channel, event, data, socketId, user }: Extract<ChannelReport, { kind: "event" }>,
  ): void {
    const sender = user === "" ? {} : { user };
    this.#parts.tell({ name: "client_event", app, channel, event, data, socketId, ...sender });
  }

  #add(key: string, { app, channel }: { readonly app: number; readonly channel: string }): Channel {
    const added: Channel = {
      app,
      channel,
      workers: new Set(),
      isTold: false,
      members: new Map(),
      users: new Map(),
    };
    this.#byKey.set(key, added);
    return added;
  }

  /** Forgets a channel of which nothing is left to be told. */
  #forget(key: string, { isTold, workers, members, users }: Channel): void {
    if (isTold || workers.size > 0 || members.size > 0 || users.size > 0) return;
    this.#byKey.delete(key);
  }

  #occupy(key: string, channel: Channel, worker: number): void {
    channel.workers.add(worker);
    this.#leaving.delete(key);
    if (channel.isTold) return;
    channel.isTold = true;
    this.#tell("channel_occupied", channel);
  }

  #vacate(
    key: string,
    { workers }: Channel,
    { worker, now }: { readonly worker: number; readonly now: number },
  ): void {
    if (workers.delete(worker) && workers.size === 0) {
      this.#wait(key, { key, user: undefined }, now);
    }
  }

  #join(
    key: string,
    channel: Channel,
    { client, user, worker }: {
      readonly client: string;
      readonly user: string;
      readonly worker: number;
    },
  ): void {
    const { members, users } = channel;
    if (members.has(client)) return;
    members.set(client, { user, worker });
    const connections = users.get(user);
    users.set(user, (connections ?? 0) + 1);
    this.#leaving.delete(userKey(key, user));
    if (connections === undefined) this.#tell("member_added", channel, user);
  }

  #leave(
    key: string,
    { members, users }: Channel,
    { client, now }: { readonly client: string; readonly now: number },
  ): void {
    const user = members.get(client)?.user;
    if (user === undefined) return;
    members.delete(client);
    const left = (users.get(user) ?? 1) - 1;
    users.set(user, left);
    if (left === 0) this.#wait(userKey(key, user), { key, user }, now);
  }

  #wait(id: string, leaving: Omit<Leaving, "due">, now: number): void {
    this.#leaving.delete(id);
    this.#leaving.set(id, { ...leaving, due: now + this.#parts.delay });
    if (this.#leaving.size <= this.#parts.mostLeaving) return;
    for (const oldest of this.#leaving.values()) return this.#expire(oldest);
  }

  #expire({ key, user }: Leaving): void {
    const channel = this.#byKey.get(key);
    this.#leaving.delete(user === undefined ? key : userKey(key, user));
    if (channel === undefined) return;
    if (user === undefined) this.#expireChannel(key, channel);
    else this.#removeUser(key, channel, user);
    this.#forget(key, channel);
  }

  #expireChannel(key: string, channel: Channel): void {
    // Reports may say of a channel that it is empty before they say so of its members.
    for (const [user, connections] of channel.users) {
      if (connections === 0) this.#removeUser(key, channel, user);
    }
    channel.isTold = false;
    this.#tell("channel_vacated", channel);
  }

  #removeUser(key: string, channel: Channel, user: string): void {
    this.#leaving.delete(userKey(key, user));
    channel.users.delete(user);
    this.#tell("member_removed", channel, user);
  }

  #tell(name: WebhookEvent, { app, channel }: Channel, user?: string): void {
    const isLeaving = name === "channel_vacated" || name === "member_removed";
    if (isLeaving && this.#isSilent) return;
    this.#parts.tell({ name, app, channel, ...(user === undefined ? {} : { user }) });
  }
}

function keyOf({ app, channel }: Pick<ToldChannel, "app" | "channel">): string {
  return `${app} ${channel}`;
}

/** Names of channels have no spaces. */
function userKey(key: string, user: string): string {
  return `${key} ${user}`;
}
