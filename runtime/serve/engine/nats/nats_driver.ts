/**
 * The driver for one NATS server, or a cluster of them, version 2.9 or later, with JetStream.
 *
 * In: the calls of {@link EngineDriver}. Out: its answers; the events come from the {@link LinkKeeper}. Between two links every
 * request is answered `unavailable` at once: nothing is queued, and nothing is sent twice.
 */
import type {
  EngineDoneResult,
  EngineDriver,
  EngineEvents,
  EngineFull,
  EngineJoinResult,
  EngineMember,
  EngineMembership,
  EngineMembersResult,
  EnginePosition,
  EnginePublication,
  EnginePublishResult,
  EngineRangeQuery,
  EngineRangeResult,
  EngineStateResult,
  EngineStatus,
  EngineUnavailable,
} from "../driver.ts";
import { LinkKeeper } from "../link_keeper.ts";
import { randomText } from "../random_text.ts";
import { NO_LINK, refusal, unavailable, UNVERIFIED } from "../refusals.ts";
import { ChannelLog, type ClaimParts } from "./channel_log.ts";
import { KeyedQueue } from "../keyed_queue.ts";
import type { NatsServer } from "./nats_address.ts";
import { natsFault } from "./nats_faults.ts";
import type { NatsLink } from "./nats_link.ts";
import { NatsLinks } from "./nats_links.ts";
import { NatsNodes } from "./nats_nodes.ts";
import { NatsNames } from "./names.ts";
import { decodeRecord, emptyRecord, encodeRecord, messageOf } from "./records.ts";

/** The options of a driver. */
export interface NatsDriverOptions extends NatsServer {
  /** Before all subjects, so that installations can share a server. */
  readonly prefix: string;
  /** After a connection is made, the milliseconds in which only nodes with a proof decide about a channel; default: 8,000. */
  readonly graceMs?: number;
}

/** What a message needs besides the bytes of a publication, at most. */
const HEAD_BYTES = 2048;
/** Between two servers of a cluster a delivery may be lost without a word, if their connection breaks. */
const CLUSTER_CHECK_MS = 30_000;
const LATE = unavailable({ reason: "too many requests wait for the server", mayBeDone: false });
const DONE: EngineDoneResult = { status: "done" };

/** The driver. */
export class NatsDriver implements EngineDriver {
  readonly #options: NatsDriverOptions;
  readonly #names: NatsNames;
  readonly #nodes: NatsNodes;
  readonly #log: ChannelLog;
  readonly #keeper: LinkKeeper<NatsLink>;
  readonly #queue = new KeyedQueue();

  /** @param options where the server is; nothing is connected before `connect` */
  constructor(options: NatsDriverOptions) {
    const { prefix, timeoutMs } = options;
    this.#options = options;
    const names = this.#names = new NatsNames(prefix);
    this.#nodes = new NatsNodes({ names, timeoutMs, newId: randomText });
    this.#log = new ChannelLog({ names, timeoutMs });
    this.#keeper = new LinkKeeper(
      new NatsLinks(options, {
        names,
        nodes: this.#nodes,
        probes: randomText(),
        probed: (text) => this.#keeper.probed(text),
        message: (subject, bytes, sequence) => this.#message(subject, bytes, sequence),
        begun: () => this.#log.forget(),
      }),
      options.graceMs,
    );
  }

  get status(): EngineStatus {
    return this.#keeper.status;
  }

  get probeMs(): number {
    return this.#keeper.probeMs;
  }

  get checkMs(): number | undefined {
    return this.#keeper.link?.isCluster === true ? CLUSTER_CHECK_MS : undefined;
  }

  connect(events: EngineEvents): Promise<string | undefined> {
    return this.#keeper.start(events);
  }

  close(): Promise<void> {
    return this.#keeper.stop();
  }

  get node(): string {
    return this.#nodes.id;
  }

  takeNode(node: string, members: readonly EngineMembership[]): void {
    this.#nodes.take(node, members);
  }

  giveUpNode(): void {
    this.#nodes.giveUp();
  }

  publish(channel: string, publication: EnginePublication): Promise<EnginePublishResult> {
    const { idempotencyKey, version, skipHistory, proof } = publication;
    const isStored = skipHistory !== true || idempotencyKey !== undefined || version !== undefined;
    return this.#ask(`c${channel}`, async (link, deadline) => {
      const fault = tooLong(link, publication);
      if (fault !== undefined) return fault;
      const claim = this.#claim(proof, false, deadline);
      if (!isStored) return await this.#live(link, channel, publication, claim);
      const result = await this.#log.publish(link, channel, publication, claim);
      return result === "unverified" ? UNVERIFIED : result;
    });
  }

  state(channel: string, proof?: EnginePosition): Promise<EngineStateResult> {
    return this.#ask(`c${channel}`, async (link, deadline) => {
      const record = await this.#log.state(link, channel, this.#claim(proof, true, deadline));
      if (record === "unverified") return UNVERIFIED;
      const { epoch, offset, tag } = record;
      return { status: "known", epoch, offset, tag };
    });
  }

  async range(channel: string, query: EngineRangeQuery): Promise<EngineRangeResult> {
    const first = await this.#range(channel, query);
    if (first !== "unverified") return first;
    const state = await this.state(channel);
    if (state.status === "unavailable") return state;
    if (state.status === "full") return noRoom();
    const second = await this.#range(channel, query);
    return second === "unverified" ? UNVERIFIED : second;
  }

  async removeHistory(channel: string): Promise<EngineDoneResult> {
    return done(
      await this.#ask(`c${channel}`, async (link, deadline) => {
        await this.#log.removeHistory(link, channel, deadline);
        return DONE;
      }),
    );
  }

  join(channel: string, member: EngineMember): Promise<EngineJoinResult> {
    return this.#ask(memberKey(channel, member.client), async (link): Promise<EngineJoinResult> => {
      await this.#nodes.join(link, channel, member);
      return { status: "joined" };
    });
  }

  async leave(channel: string, client: string): Promise<EngineDoneResult> {
    return done(
      await this.#ask(memberKey(channel, client), async (link) => {
        await this.#nodes.leave(link, channel, client);
        return DONE;
      }),
    );
  }

  async members(channel: string): Promise<EngineMembersResult> {
    const result = await this.#ask(undefined, async (link): Promise<EngineMembersResult> => ({
      status: "read",
      members: await this.#nodes.membersOf(link, channel),
    }));
    return result.status === "full" ? noRoom() : result;
  }

  async listen(channel: string): Promise<EngineDoneResult> {
    const subject = this.#names.delivery(channel);
    return done(
      await this.#ask(undefined, async (link) => {
        await link.subscribe(subject);
        return DONE;
      }),
    );
  }

  async unlisten(channel: string): Promise<EngineDoneResult> {
    const subject = this.#names.delivery(channel);
    return done(
      await this.#ask(undefined, async (link) => {
        await link.unsubscribe(subject);
        return DONE;
      }),
    );
  }

  #message(subject: string, bytes: Uint8Array, sequence: number): void {
    const channel = this.#names.channelOf(subject);
    if (channel === undefined) return;
    const record = sequence > 0 ? decodeRecord(bytes) : undefined;
    if (record !== undefined) this.#log.arrived(channel, { sequence, time: Date.now(), record });
    this.#keeper.deliver(channel, messageOf(bytes));
  }

  #claim(proof: EnginePosition | undefined, isDeep: boolean, deadline: number): ClaimParts {
    return { proof, isDeep, inGrace: this.#keeper.isInGrace, deadline };
  }

  /** Delivers a publication that is not stored. */
  async #live(
    link: NatsLink,
    channel: string,
    { data, fields, form, historySize, historyTtlMs }: EnginePublication,
    claim: ClaimParts,
  ): Promise<EnginePublishResult> {
    const at = await this.#log.state(link, channel, claim);
    if (at === "unverified") return UNVERIFIED;
    const { epoch } = at;
    const empty = emptyRecord(epoch, link.life);
    const more = { fields: fields ?? empty.fields, form: form ?? empty.form };
    const record = { ...empty, ...more, data, historySize, historyTtlMs, kind: "l" as const };
    link.publish(this.#names.delivery(channel), encodeRecord(record));
    await link.flush();
    return { status: "stored", offset: 0, epoch };
  }

  async #range(
    channel: string,
    query: EngineRangeQuery,
  ): Promise<EngineRangeResult | "unverified"> {
    const result = await this.#ask(undefined, async (link) => {
      const range = await this.#log.range(link, channel, query);
      return range === "unverified" ? UNVERIFIED : range;
    });
    if (result === UNVERIFIED) return "unverified";
    return result.status === "full" ? noRoom() : result;
  }

  /** Does something with the link, behind what was asked about the same thing before. */
  #ask<Result>(
    key: string | undefined,
    action: (link: NatsLink, deadline: number) => Promise<Result>,
  ): Promise<Result | EngineFull | EngineUnavailable> {
    const deadline = performance.now() + this.#options.timeoutMs;
    const link = this.#keeper.link;
    if (link === undefined) return Promise.resolve(NO_LINK);
    const run = async () => {
      if (performance.now() >= deadline) return LATE;
      try {
        // Not of the link that is there now: the request was made for the other one.
        return this.#keeper.link === link ? await action(link, deadline) : NO_LINK;
      } catch (error) {
        return refusal(natsFault(error));
      }
    };
    return key === undefined ? run() : this.#queue.run(key, run);
  }
}

function memberKey(channel: string, client: string): string {
  return `m${channel}\0${client}`;
}

/** The server would end the connection. */
function tooLong(link: NatsLink, { data, fields }: EnginePublication) {
  const size = data.length + (fields?.length ?? 0) + HEAD_BYTES;
  if (size <= link.maxBytes) return undefined;
  const reason = `the publication is longer than max_payload of the server, ${link.maxBytes} bytes`;
  return unavailable({ reason, mayBeDone: false });
}

function noRoom(): EngineUnavailable {
  return unavailable({ reason: "JetStream has no room left", mayBeDone: false });
}

/** Requests that need no room are never refused for want of it. */
function done(result: EngineDoneResult | EngineFull): EngineDoneResult {
  return result.status === "full" ? noRoom() : result;
}
