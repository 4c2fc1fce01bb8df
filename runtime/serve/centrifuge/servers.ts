/**
 * What the servers of an engine are, and the channels that have subscribers on them; without an engine, those of this server.
 *
 * In: questions of the HTTP API, on any worker, and questions of other servers. Out: what is true of this server, joined with what the
 * others answer. One that does not answer in time is missing.
 */

import { decodeUtf8 } from "../../../protocol/mod.ts";
import { CLIENT_ERRORS, type ClientError } from "../../../protocol/centrifuge/mod.ts";
import type { ChannelVisitor } from "../../channels/mod.ts";
import type { ServerFacts } from "../../thread/mod.ts";
import { isOwnChannel, type Peers } from "../broker/mod.ts";
import { matchesWildcard } from "../tokens/mod.ts";
import type { ChannelContext } from "./channel_context.ts";
import type { ControlHandler } from "./control_channel.ts";
import { nextTurn } from "./turn_budget.ts";

const UTF8 = new TextEncoder();
/** Pages of the store's list that one turn reads: some milliseconds. */
const PAGES_A_TURN = 16;

/** What `info` has of each server. */
export const SERVER_TEXTS = ["uid", "name", "version"] as const;
/** The same; `uptime` is in seconds. */
export const SERVER_NUMBERS = [
  "num_clients",
  "num_users",
  "num_channels",
  "num_subs",
  "uptime",
] as const;

/** One server, as `info` has it. */
export type ServerInfo =
  & Readonly<Record<typeof SERVER_TEXTS[number], string>>
  & Readonly<Record<typeof SERVER_NUMBERS[number], number>>;

/** The names of channels, and how many clients are subscribed to each. */
export type ActiveChannels = ReadonlyMap<string, number>;

/** What one server asks the others. */
type Question =
  | { readonly method: "info" }
  | { readonly method: "channels"; readonly pattern: string };

/** What the servers need. */
type ServersContext = Pick<
  ChannelContext,
  "connectedUsers" | "epochSeconds" | "follow" | "loop" | "meter" | "store"
>;

/** The servers, as one worker sees them. */
export class Servers implements ControlHandler {
  readonly #context: ServersContext;
  readonly #facts: ServerFacts;
  readonly #peers: Peers | undefined;

  /**
   * @param facts about this server
   * @param peers undefined: it is alone
   */
  constructor(context: ServersContext, facts: ServerFacts, peers: Peers | undefined) {
    this.#context = context;
    this.#facts = facts;
    this.#peers = peers;
  }

  /** Whether there is no other server. */
  get isAlone(): boolean {
    return this.#peers === undefined;
  }

  /** All servers, this one first. */
  async info(): Promise<readonly ServerInfo[] | ClientError> {
    const [here, others] = await Promise.all([this.#infoHere(), this.#ask({ method: "info" })]);
    if ("code" in here) return here;
    if (others === undefined) return CLIENT_ERRORS.INTERNAL;
    return [here, ...others.flatMap(serverInfoOf)];
  }

  /** The channels that have subscribers, on all servers. @param pattern empty: all of them */
  async channels(pattern: string): Promise<ActiveChannels | ClientError> {
    const question = { method: "channels", pattern } as const;
    const [here, others] = await Promise.all([this.#channelsHere(pattern), this.#ask(question)]);
    if ("code" in here) return here;
    if (others === undefined) return CLIENT_ERRORS.INTERNAL;
    const sums = new Map(here);
    for (const [name, clients] of others.flatMap(activeChannelsOf)) {
      sums.set(name, (sums.get(name) ?? 0) + clients);
    }
    return sums;
  }

  /** Another server asks. If nothing can be said now, this server is missing in the answer. */
  control(address: string, bytes: Uint8Array): void {
    const question = JSON.parse(decodeUtf8(bytes)) as Question;
    this.#context.follow(this.#answer(address, question));
  }

  async #answer(address: string, question: Question): Promise<void> {
    const answer = await this.#answerTo(question);
    if (answer === undefined) return;
    await this.#peers?.answer(address, UTF8.encode(JSON.stringify(answer)));
  }

  /** Undefined: nothing can be said now, or a later version of this server asks for something else. */
  async #answerTo(question: Question): Promise<unknown> {
    if (question.method === "info") {
      const info = await this.#infoHere();
      return "code" in info ? undefined : info;
    }
    if (question.method !== "channels") return undefined;
    const found = await this.#channelsHere(question.pattern);
    return "code" in found ? undefined : [...found];
  }

  /** The answers of the others; undefined: they cannot be asked now. */
  async #ask(question: Question): Promise<readonly unknown[] | undefined> {
    if (this.#peers === undefined) return [];
    const answers = await this.#peers.survey(UTF8.encode(JSON.stringify(question)));
    return answers?.map((answer): unknown => JSON.parse(decodeUtf8(answer)));
  }

  async #infoHere(): Promise<ServerInfo | ClientError> {
    const { store, meter, connectedUsers, epochSeconds } = this.#context;
    const found = await this.#channelsHere("");
    if ("code" in found) return found;
    const users = connectedUsers.count();
    if (users === undefined) return CLIENT_ERRORS.INTERNAL;
    const { name, version, startedAt } = this.#facts;
    return {
      // As every epoch, it is another one in each run.
      uid: store.epochText(0),
      ...{ name, version },
      num_clients: meter.serverClients(),
      num_users: users,
      num_channels: found.size,
      num_subs: found.values().reduce((sum, clients) => sum + clients, 0),
      uptime: Math.max(0, Math.floor(epochSeconds() - startedAt / 1000)),
    };
  }

  /** The channels with subscribers on this server: a part of the store in each turn. */
  async #channelsHere(pattern: string): Promise<ActiveChannels | ClientError> {
    const { store, loop } = this.#context;
    const matches = matcherOf(pattern);
    const found = new Map<string, number>();
    const visit: ChannelVisitor = (bytes, { subscribers }) => {
      if (subscribers === 0 || isOwnChannel(bytes)) return;
      const name = decodeUtf8(bytes);
      if (matches(name)) found.set(name, subscribers);
    };
    for (let at = 0;;) {
      for (let i = 0; i < PAGES_A_TURN; i++) {
        const next = store.channelsFrom(at, visit);
        if (next === undefined) return CLIENT_ERRORS.INTERNAL;
        if (next === 0) return found;
        at = next;
      }
      await nextTurn(loop);
    }
  }
}

/** `*` stands for any text, `?` for one character; empty: everything. */
function matcherOf(pattern: string): (name: string) => boolean {
  if (pattern === "") return () => true;
  const characters = [...pattern];
  return (name) => matchesWildcard(characters, [...name], "?");
}

/** A server in its own words; none if they are those of another version. */
function serverInfoOf(answer: unknown): readonly ServerInfo[] {
  if (typeof answer !== "object" || answer === null) return [];
  const given = answer as Readonly<Record<string, unknown>>;
  const isWhole = SERVER_TEXTS.every((field) => typeof given[field] === "string") &&
    SERVER_NUMBERS.every((field) => Number.isSafeInteger(given[field]));
  return isWhole ? [answer as ServerInfo] : [];
}

function activeChannelsOf(answer: unknown): readonly (readonly [string, number])[] {
  return Array.isArray(answer) ? answer.filter(isActiveChannel) : [];
}

function isActiveChannel(entry: unknown): entry is readonly [string, number] {
  return Array.isArray(entry) && typeof entry[0] === "string" && Number.isSafeInteger(entry[1]);
}
