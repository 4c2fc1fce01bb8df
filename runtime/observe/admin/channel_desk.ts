/**
 * What an operator does with channels on the admin page: see the busiest ones, watch one, publish to one.
 *
 * In: the store of channels, as the main thread has it, what publishes, and the config. Out: plain data for JSON. Made only if
 * `--admin-channels` is set. Nothing is counted for it while channels work: who asks pays, on the main thread.
 */

import { type Broker, type PublishAnswer, type Soon, whenThere } from "../../serve/broker/mod.ts";
import { ChannelRules } from "../../serve/channels/mod.ts";
import {
  type ChannelStore,
  ENTRY_FORM,
  type Publication,
  publishedForm,
} from "../../channels/mod.ts";
import type { ChannelLimits, ChannelsConfig } from "../../config/mod.ts";
import { ChannelWatch } from "./channel_watch.ts";

/** Channels that are listed. */
const LISTED = 20;
/** Milliseconds for which a list is good: several pages cost as much as one. */
const LIST_TIME = 1_000;
const UTF8 = new TextEncoder();
const decoder = new TextDecoder();

/** What it works on. */
export interface ChannelDeskParts {
  readonly store: Pick<ChannelStore, "channels" | "history" | "maxEntryBytes" | "watchFeed">;
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

  /** Looks at one channel again and again. */
  watch(channel: string): ChannelWatch {
    return new ChannelWatch(this.#parts.store, UTF8.encode(channel));
  }

  /** Publishes JSON as a backend does. */
  publish(channel: string, json: string): Soon<PublishOutcome> {
    const { limits, store } = this.#parts;
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
    if (data.length > store.maxEntryBytes) {
      const text = `${data.length} bytes are more than --channels-memory has room for in one piece`;
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
