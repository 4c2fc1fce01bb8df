/**
 * What an operator does with channels on the admin page: see the busiest ones, read one, publish to one.
 *
 * In: the store of channels, as the main thread has it, what publishes, and the config. Out: plain data for JSON. Made only if
 * `--admin-channels` is set. Nothing is counted for it while channels work: who asks pays, on the main thread.
 */

import { type Broker, type PublishAnswer, type Soon, whenThere } from "../../serve/broker/mod.ts";
import { ChannelRules } from "../../serve/channels/mod.ts";
import {
  type ChannelStore,
  ENTRY_FORM,
  type Position,
  type Publication,
  publishedForm,
} from "../../channels/mod.ts";
import type { ChannelLimits, ChannelsConfig } from "../../config/mod.ts";

/** Channels that are listed. */
const LISTED = 20;
/** Milliseconds for which a list is good: several pages cost as much as one. */
const LIST_TIME = 1_000;
/** Publications of one look, and their bytes. */
const READ = { limit: 50, maxBytes: 256 * 1024 } as const;
/** Publications that are shown at first. */
const RECENT = 20;
/** Characters of a publication that are shown. */
const SHOWN = 4_096;

const UTF8 = new TextEncoder();
const decoder = new TextDecoder();

/** What it works on. */
export interface ChannelDeskParts {
  readonly store: Pick<ChannelStore, "channels" | "history" | "epochText">;
  /** Publishes as the HTTP API does: in the store, or in the engine that the config names. */
  readonly publish: Broker["publish"];
  readonly channels: ChannelsConfig;
  readonly limits: Pick<ChannelLimits, "nameBytes" | "publicationBytes">;
  /** Milliseconds. */
  now(): number;
}

/** One channel of the list. */
export interface BusyChannel {
  readonly channel: string;
  readonly subscribers: number;
  readonly members: number;
  /** Per second; null if it is not known yet. */
  readonly publications: number | null;
}

/** A look at a channel. */
export interface ChannelReading {
  /** Where the next look begins; undefined: the channel is not there. */
  readonly position: Position | undefined;
  /** Oldest first. */
  readonly publications: readonly { readonly offset: number; readonly data: string }[];
  /** Publications since the last look that the channel no longer has, or never kept. */
  readonly unseen: number;
}

/** The answer to a publication: a status of HTTP, and text for the operator. */
export interface PublishOutcome {
  readonly status: number;
  readonly text: string;
}

/** See the top of the file. */
export class ChannelDesk {
  readonly #parts: ChannelDeskParts;
  readonly #rules: ChannelRules;
  #offsets = new Map<string, number>();
  #listedAt = -Infinity;
  #list: { total: number; busiest: BusyChannel[] } = { total: 0, busiest: [] };

  constructor(parts: ChannelDeskParts) {
    this.#parts = parts;
    this.#rules = new ChannelRules(parts.channels, parts.limits);
  }

  /** The channels with the most publications since the last call, and the number of all channels. */
  list(): { readonly total: number; readonly busiest: readonly BusyChannel[] } {
    const now = this.#parts.now();
    const seconds = (now - this.#listedAt) / 1000;
    if (seconds * 1000 < LIST_TIME) return this.#list;
    const offsets = new Map<string, number>();
    const all: BusyChannel[] = [];
    this.#parts.store.channels((name, { subscribers, members, offset }) => {
      const channel = decoder.decode(name);
      // The server's own channels have names that are not UTF-8.
      if (channel.includes("\ufffd")) return;
      offsets.set(channel, offset);
      const before = this.#offsets.get(channel);
      // A channel that began again counts from 1.
      const more = before === undefined || before > offset ? offset : offset - before;
      const publications = seconds === Infinity ? null : more / seconds;
      all.push({ channel, subscribers, members, publications });
    });
    all.sort((a, b) =>
      (b.publications ?? 0) - (a.publications ?? 0) || b.subscribers - a.subscribers ||
      (a.channel < b.channel ? -1 : 1)
    );
    this.#offsets = offsets;
    this.#listedAt = now;
    this.#list = { total: all.length, busiest: all.slice(0, LISTED) };
    return this.#list;
  }

  /** Why no channel can have this name here; undefined: one can. */
  faultOf(channel: string): string | undefined {
    const found = this.#rules.resolve(channel);
    return "error" in found ? `${JSON.stringify(channel)}: ${found.error.message}` : undefined;
  }

  /** What was published behind a position; without one, the newest publications. */
  read(channel: string, since?: Position): ChannelReading {
    const name = UTF8.encode(channel);
    const publications: { offset: number; data: string }[] = [];
    const entry = ({ offset, data }: { offset: number; data: Uint8Array }) => {
      publications.push({ offset, data: decoder.decode(data).slice(0, SHOWN) });
    };
    const { store } = this.#parts;
    if (since !== undefined) {
      const { status, epoch, offset } = store.history(name, { ...READ, since }, { entry });
      if (status === "busy") return { position: since, publications: [], unseen: 0 };
      const last = publications.at(-1)?.offset ?? since.offset;
      const isNext = publications.length === 0
        ? offset === since.offset
        : publications[0]!.offset === since.offset + 1;
      if (status === "read" && epoch === since.epoch && isNext) {
        return { position: { offset: last, epoch }, publications, unseen: 0 };
      }
      publications.length = 0;
    }
    const query = { ...READ, limit: RECENT, reverse: true };
    const { status, epoch, offset } = store.history(name, query, { entry });
    if (status === "missing") return { position: undefined, publications: [], unseen: 0 };
    if (status !== "read") return { position: since, publications: [], unseen: 0 };
    const from = since !== undefined && since.epoch === epoch ? since.offset : 0;
    const fresh = publications.reverse().filter((one) => one.offset > from);
    const unseen = since === undefined ? 0 : offset - from - fresh.length;
    return { position: { offset, epoch }, publications: fresh, unseen };
  }

  /** Publishes JSON as a backend does. */
  publish(channel: string, json: string): Soon<PublishOutcome> {
    const { limits } = this.#parts;
    const found = this.#rules.resolve(channel);
    if ("error" in found) return { status: 400, text: this.faultOf(channel)! };
    const fault = faultOfJson(json);
    if (fault !== undefined) return { status: 400, text: fault };
    // Between its tokens JSON may have line breaks, in its strings it has none.
    const data = UTF8.encode(json.replace(/[\r\n]+/g, " "));
    if (data.length > limits.publicationBytes) {
      const text = `${data.length} bytes are more than --max-publication allows`;
      return { status: 413, text };
    }
    const { historySize, historyTime, allowedDeltaTypes, deltaPublish } = found.channel.options;
    const publication: Publication = {
      data,
      form: publishedForm(ENTRY_FORM.json, allowedDeltaTypes.length > 0 && deltaPublish),
      historySize: historyTime > 0 ? historySize : 0,
      historyTtlMs: historyTime,
    };
    const answer = this.#parts.publish(UTF8.encode(channel), publication);
    return whenThere(answer, (result) => this.#outcomeOf(result));
  }

  #outcomeOf({ status, offset }: PublishAnswer): PublishOutcome {
    if (status === "stored") return { status: 200, text: `Published with offset ${offset}` };
    const isOfEngine = this.#parts.channels.engine !== undefined;
    if (status === "busy" && isOfEngine) {
      const text = "Not confirmed: the engine does not answer; it may have published this";
      return { status: 503, text };
    }
    const text = `Not published: the ${isOfEngine ? "engine" : "store"} is ${status}`;
    return { status: 503, text };
  }
}

function faultOfJson(json: string): string | undefined {
  try {
    JSON.parse(json);
    return undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return `The data is no JSON: ${error.message}`;
  }
}
