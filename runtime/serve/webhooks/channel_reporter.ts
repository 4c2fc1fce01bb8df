/**
 * Collects what happens in the channels of one worker, and reports it to the main thread.
 *
 * In: channels that get their first subscriber here or lose the last one, members, events of clients; and how many reports the main thread
 * has taken. Out: reports in order, one message at a time. While the main thread is busy, what is undone again is forgotten, so states wait at
 * most once for each channel and member; events of clients have a bound, and those above it are counted.
 */

import { parsePusherChannel } from "../../../protocol/pusher/mod.ts";
import type { PusherAppConfig, WebhookEvent } from "../../config/mod.ts";
import { type Gatherer, type Loop, TimerNode } from "../../net/mod.ts";
import type { ChannelReport, ClientEventReport } from "../../thread/mod.ts";
import type { ChannelWatch } from "../broker/mod.ts";

/** Milliseconds until the main thread is looked at again; other events of the worker make it sooner. */
const AGAIN = 20;
/** Events of clients that wait for the main thread, and the characters of their data. */
const MOST_EVENTS = 4096;
const MOST_CHARACTERS = 4 * 1024 * 1024;

const TEXT = new TextDecoder();

/** What a reporter is made with. */
export interface ReporterParts {
  readonly apps: readonly Pick<PusherAppConfig, "name" | "webhooks">[];
  /** Made by `Webhooks`. */
  readonly memory: SharedArrayBuffer;
  /** The number of this worker. */
  readonly worker: number;
  readonly loop: Pick<Loop, "now" | "timers">;
  /** Sends reports to the main thread. */
  post(reports: readonly ChannelReport[]): void;
}

/** What somebody wants to know of an app. */
interface Wanted {
  readonly app: number;
  readonly occupancy: boolean;
  readonly members: boolean;
  readonly events: boolean;
}

/** A channel of an app. */
interface Named {
  readonly wanted: Wanted;
  readonly channel: string;
  readonly isPresence: boolean;
}

/** A change that waits. */
interface Change {
  readonly report: ChannelReport;
  /** Whether the last report said so already. */
  readonly was: boolean;
}

/** Reports the channels of one worker. */
export class ChannelReporter extends TimerNode implements ChannelWatch, Gatherer {
  readonly #wanted: ReadonlyMap<string, Wanted>;
  readonly #taken: Int32Array;
  readonly #worker: number;
  readonly #loop: ReporterParts["loop"];
  readonly #post: ReporterParts["post"];
  /** By channel or member, in the order of the last changes; events of clients have numbers. */
  readonly #waiting = new Map<string | number, Change>();
  #lastEvent = 0;
  #events = 0;
  #characters = 0;
  readonly #dropped = new Map<number, number>();
  /** Reports that were sent, modulo 2^32. */
  #sent: number;

  constructor({ apps, memory, worker, loop, post }: ReporterParts) {
    super();
    const all = apps.map(({ name, webhooks }, app): [string, Wanted] => {
      const wants = (...events: WebhookEvent[]) =>
        webhooks.some((hook) => events.some((event) => hook.events.includes(event)));
      return [name, {
        app,
        // Members go before their channel is vacated.
        occupancy: wants("channel_occupied", "channel_vacated", "member_added", "member_removed"),
        members: wants("member_added", "member_removed"),
        events: wants("client_event"),
      }];
    });
    this.#wanted = new Map(all);
    this.#taken = new Int32Array(memory);
    this.#worker = worker;
    this.#loop = loop;
    this.#post = post;
    // What its predecessor has sent is taken, or never will be.
    this.#sent = Atomics.load(this.#taken, worker);
  }

  occupied(name: string): void {
    this.#change(name, true);
  }

  vacated(name: string): void {
    this.#change(name, false);
  }

  joined(name: Uint8Array, client: Uint8Array, user: Uint8Array): void {
    const named = this.#memberChannel(name);
    if (named === undefined) return;
    const { wanted: { app }, channel } = named;
    const id = TEXT.decode(client);
    // Without a user, a connection is one of its own: as in the answers of the API.
    const report = {
      kind: "joined",
      app,
      channel,
      client: id,
      user: TEXT.decode(user) || id,
    } as const;
    this.#wait(`${app} ${channel} ${id}`, report, true);
  }

  left(name: Uint8Array, client: Uint8Array): void {
    const named = this.#memberChannel(name);
    if (named === undefined) return;
    const { wanted: { app }, channel } = named;
    const id = TEXT.decode(client);
    this.#wait(`${app} ${channel} ${id}`, { kind: "left", app, channel, client: id }, false);
  }

  /** A client of an app has sent an event, and it is published. @param app the name of the app */
  clientEvent(app: string, event: Omit<ClientEventReport, "kind" | "app">): void {
    const wanted = this.#wanted.get(app);
    if (wanted === undefined || !wanted.events) return;
    const { length } = event.data;
    if (this.#events >= MOST_EVENTS || this.#characters + length > MOST_CHARACTERS) {
      this.#dropped.set(wanted.app, (this.#dropped.get(wanted.app) ?? 0) + 1);
      return;
    }
    this.#events++;
    this.#characters += length;
    const report = { kind: "event", app: wanted.app, ...event } as const;
    this.#waiting.set(++this.#lastEvent, { report, was: false });
  }

  /** Reports what waits, unless the main thread has not taken the report before. Called in each turn of the loop. */
  flush(): void {
    if (this.#waiting.size === 0 && this.#dropped.size === 0) return;
    if (Atomics.load(this.#taken, this.#worker) !== this.#sent) {
      return this.#loop.timers.set(this, this.#loop.now + AGAIN);
    }
    this.flushAll();
  }

  /** Reports what waits, also if the report before was not taken: the main thread is about to go on without this worker. */
  flushAll(): void {
    if (this.#waiting.size === 0 && this.#dropped.size === 0) return;
    const reports = [...this.#waiting.values()].map(({ report }) => report);
    for (const [app, count] of this.#dropped) reports.push({ kind: "dropped", app, count });
    this.#waiting.clear();
    this.#dropped.clear();
    this.#events = this.#characters = 0;
    this.#sent = (this.#sent + 1) | 0;
    this.#post(reports);
  }

  override onDeadline(): void {
    this.flush();
  }

  #change(name: string, isOccupied: boolean): void {
    const named = this.#named(name);
    if (named === undefined || !named.wanted.occupancy) return;
    const { wanted: { app }, channel } = named;
    const kind = isOccupied ? "occupied" : "vacated";
    this.#wait(`${app} ${channel}`, { kind, app, channel }, isOccupied);
  }

  /** A state waits behind what came before it, and is forgotten if it is the one that was reported last. */
  #wait(key: string, report: ChannelReport, state: boolean): void {
    const before = this.#waiting.get(key);
    const was = before === undefined ? !state : before.was;
    this.#waiting.delete(key);
    if (was !== state) this.#waiting.set(key, { report, was });
  }

  #memberChannel(key: Uint8Array): Named | undefined {
    const named = this.#named(TEXT.decode(key));
    return named?.isPresence && named.wanted.members ? named : undefined;
  }

  /** The channel of an app that has such a name; undefined: nobody wants to know of it. */
  #named(name: string): Named | undefined {
    const end = name.indexOf(":");
    const wanted = end < 0 ? undefined : this.#wanted.get(name.slice(0, end));
    if (wanted === undefined) return undefined;
    const parsed = parsePusherChannel(name.slice(end + 1));
    if (parsed === undefined || parsed.kind === "user") return undefined;
    return { wanted, channel: parsed.name, isPresence: parsed.kind === "presence" };
  }
}
