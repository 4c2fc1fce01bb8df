/**
 * Carries out the requests of workers: each becomes a call of the driver, or of the conductor.
 *
 * Bytes of a request share their memory with those of other requests: what is kept longer than until the answer is copied.
 *
 * In: the values of a request, see engine_request.ts. Out: the values of its answer. What the engine cannot do now is `busy`, and
 * what it has no room for is `full`, as with the store.
 */
import { decodeUtf8 } from "../../../protocol/basics.ts";
import { ENTRY_FORM, type PublishedForm } from "../../channels/mod.ts";
import type { Conductor } from "./conductor.ts";
import type {
  EngineDriver,
  EngineEntry,
  EnginePublication,
  EngineRangeQuery,
  EngineRangeResult,
} from "./driver.ts";
import type { EngineAnswer, EngineHandler } from "./engine_desk.ts";
import { REQUEST } from "./engine_request.ts";
import type { NodeMembers } from "./node_members.ts";
import type { NodePeers } from "./node_peers.ts";
import type { OfflineDelivery } from "./offline_delivery.ts";
import type { TupleValue } from "./tuple.ts";

/** Requests of all workers that are under way, and the bytes in them: a slow engine is an error, and no memory. */
const MAX_REQUESTS = 4_096;
const MAX_REQUEST_BYTES = 8 * 1024 * 1024;
const BUSY = ["busy", 0, ""] as const;
const FULL = ["full", 0, ""] as const;
/** Entries that one answer holds, and the bytes of their data. */
const MAX_ENTRIES = 4_096;
const MAX_BYTES = 4 * 1024 * 1024;

type Values = readonly TupleValue[];
type Answer = Promise<Values>;

/** Who carries requests about a channel out. */
export interface RequestPlace {
  readonly conductor: Pick<Conductor, "open" | "positionOf" | "refused">;
  readonly driver: EngineDriver;
  readonly members: Pick<NodeMembers, "claim" | "join" | "leave">;
}

/** A channel, with those. */
interface ChannelPlace extends RequestPlace {
  readonly name: string;
}

/** Who carries requests out. */
export interface RequestAnswersParts {
  /** That server of the engine which has a channel. */
  placeOf(channel: string): RequestPlace;
  readonly peers: NodePeers;
  /** Gets what the engine does not take while it is away; undefined: nobody does. */
  readonly offline?: Pick<OfflineDelivery, "deliver"> | undefined;
}

/** Answers requests. */
export class RequestAnswers implements EngineHandler {
  readonly #placeOf: RequestAnswersParts["placeOf"];
  readonly #peers: NodePeers;
  readonly #offline: RequestAnswersParts["offline"];
  /** By what was answered. */
  readonly counts = { done: 0, full: 0, busy: 0 };

  #requests = 0;
  #requestBytes = 0;

  constructor({ placeOf, peers, offline }: RequestAnswersParts) {
    this.#placeOf = placeOf;
    this.#peers = peers;
    this.#offline = offline;
  }

  request(worker: number, kind: number, values: Values): EngineAnswer {
    if (kind === REQUEST.leave) {
      const { name, members } = this.#channelIn(values);
      members.leave(worker, name, values[1] as string);
      return undefined;
    }
    if (kind === REQUEST.rejoin) {
      const { name, members } = this.#channelIn(values);
      members.claim(worker, name, values[1] as string);
      return undefined;
    }
    if (kind === REQUEST.answer) {
      const [bytes, address, index, count] = values as [Uint8Array, string, number, number];
      this.#peers.answer(address, { bytes, index, count });
      return [];
    }
    const size = sizeOf(values);
    if (this.#requests >= MAX_REQUESTS || this.#requestBytes + size > MAX_REQUEST_BYTES) {
      this.counts.busy++;
      return BUSY;
    }
    this.#requests++;
    this.#requestBytes += size;
    return this.#counted(this.#carryOut(worker, kind, values), size);
  }

  #carryOut(worker: number, kind: number, values: Values): Answer {
    if (kind === REQUEST.control) return this.#control(values);
    if (kind === REQUEST.survey) return this.#survey(values);
    if (kind === REQUEST.sessionKey) return this.#sessionKey(values);
    if (kind === REQUEST.pass) return this.#pass(values);
    const channel = this.#channelIn(values);
    switch (kind) {
      case REQUEST.publish:
        return this.#publish(channel, values);
      case REQUEST.open:
        return this.#open(channel, values);
      case REQUEST.recover:
        return this.#recover(channel, values);
      case REQUEST.history:
        return this.#history(channel, values);
      case REQUEST.removeHistory:
        return this.#removeHistory(channel);
      case REQUEST.join:
        return this.#join(worker, channel, values);
      case REQUEST.presence:
        return this.#presence(channel, values[1] as number);
      default:
        throw new TypeError(`no request is of kind ${kind}`);
    }
  }

  /** The channel, whose name most requests begin with. */
  #channelIn([bytes]: Values): ChannelPlace {
    const name = decodeUtf8(bytes as Uint8Array);
    return { name, ...this.#placeOf(name) };
  }

  /** Without `async`, as {@link #publish}: what a driver answers at once reaches the worker at once. */
  #counted(answer: Answer, size: number): Answer {
    return answer.then((values) => {
      this.#requests--;
      this.#requestBytes -= size;
      const status = values[0];
      if (status === "full" || status === "busy") this.counts[status]++;
      else this.counts.done++;
      return values;
    });
  }

  #publish({ name, driver, conductor }: ChannelPlace, values: Values): Answer {
    const [, data, fields, form, historySize, historyTtlMs, skipHistory, key, version, text] =
      values;
    const proof = conductor.positionOf(name);
    const publication: EnginePublication = {
      data: data as Uint8Array,
      fields: fields as Uint8Array,
      form: form as PublishedForm,
      historySize: historySize as number,
      historyTtlMs: historyTtlMs as number,
      skipHistory: skipHistory === 1,
      ...(key === undefined ? {} : { idempotencyKey: key as Uint8Array }),
      ...(version === undefined
        ? {}
        : { version: { version: version as number, versionEpoch: text as Uint8Array } }),
      ...(proof === undefined ? {} : { proof }),
    };
    return driver.publish(name, publication).then((result) => {
      if (result.status === "unavailable") {
        conductor.refused(result);
        // What the engine may have taken would come twice.
        const isAway = driver.status === "lost" || driver.isAway?.(name) === true;
        if (isAway && !result.mayBeDone) {
          this.#offline?.deliver(values[0] as Uint8Array, publication);
        }
        return BUSY;
      }
      if (result.status !== "full") return [result.status, result.offset, result.epoch];
      conductor.refused(result);
      return FULL;
    });
  }

  async #open({ name, conductor }: ChannelPlace, [key]: Values): Answer {
    const kept = (key as Uint8Array).slice();
    return [await conductor.open(name, kept) ? "open" : "busy"];
  }

  async #recover({ name, driver, conductor }: ChannelPlace, values: Values): Answer {
    const [offset, epoch, limit, maxBytes] = values.slice(1) as [number, string, number, number];
    const most = Math.min(limit, MAX_ENTRIES);
    const result = await driver.range(name, { from: offset + 1, limit: most });
    if (result.status === "unavailable") conductor.refused(result);
    if (result.status !== "read" || result.position.epoch === "") return withoutEntries(result);
    const { entries, position, hasMore } = result;
    const isWhole = position.epoch === epoch && offset <= position.offset && !hasMore &&
      entries.length === position.offset - offset && bytesOf(entries) <= maxBytes;
    if (!isWhole) return ["unrecoverable", position.offset, position.epoch];
    return ["read", position.offset, position.epoch, ...entries.flatMap(valuesOf)];
  }

  async #history({ name, driver, conductor }: ChannelPlace, values: Values): Answer {
    const [offset, epoch, limit, maxBytes, reverse] = values.slice(1) as [
      number | undefined,
      string,
      number,
      number,
      number,
    ];
    const isReverse = reverse === 1;
    const query = pageQuery(offset, Math.min(limit, MAX_ENTRIES), isReverse);
    const result = await driver.range(name, query);
    if (result.status === "unavailable") conductor.refused(result);
    if (result.status !== "read" || result.position.epoch === "") return withoutEntries(result);
    const { position } = result;
    if (epoch !== "" && epoch !== position.epoch) {
      return ["unrecoverable", position.offset, position.epoch];
    }
    // The store says so, too, if the history has left behind what a page from there begins with.
    const isGone = !isReverse && offset !== undefined && limit > 0 && offset < position.offset &&
      result.entries[0]?.offset !== offset + 1;
    if (isGone) return ["unrecoverable", position.offset, position.epoch];
    const isNothing = limit <= 0 || (isReverse && offset !== undefined && offset <= 1);
    const entries = isNothing ? [] : upTo(result.entries, Math.min(maxBytes, MAX_BYTES));
    return ["read", position.offset, position.epoch, ...entries.flatMap(valuesOf)];
  }

  async #removeHistory({ name, driver }: ChannelPlace): Answer {
    const { status } = await driver.removeHistory(name);
    return [status === "done" ? 1 : 0];
  }

  async #control([data, word]: Values): Answer {
    return [await this.#peers.request(word as string, (data as Uint8Array).slice()) ? 1 : 0];
  }

  async #survey([question]: Values): Answer {
    const answers = await this.#peers.survey(question as Uint8Array);
    return answers === undefined ? BUSY : ["done", ...answers];
  }

  async #sessionKey([server]: Values): Answer {
    const found = await this.#peers.sessionKey(server as string);
    return found.status === "known" ? [found.status, found.key] : [found.status];
  }

  async #pass([data, session, server, worker]: Values): Answer {
    const to = { server: server as string, worker: worker as number };
    const kept = (data as Uint8Array).slice();
    return [await this.#peers.pass(to, session as string, kept) ? 1 : 0];
  }

  async #join(worker: number, { name, members }: ChannelPlace, values: Values): Answer {
    const [client, user, info, announce] = values.slice(1) as [string, string, Uint8Array, number];
    const member = { client, user, info: info.slice(), announce: announce === 1 };
    return [await members.join(worker, name, member)];
  }

  async #presence({ name, driver, conductor }: ChannelPlace, limit: number): Answer {
    const result = await driver.members(name);
    if (result.status !== "read") {
      conductor.refused(result);
      return ["busy", 0, 0];
    }
    const { members } = result;
    const known = members.filter(({ user }) => user !== "").map(({ user }) => user);
    const users = new Set(known).size + members.length - known.length;
    if (members.length > limit) return ["limit", members.length, users];
    const listed = limit === 0 ? [] : members.flatMap(({ client, info }) => [client, info]);
    return ["read", members.length, users, ...listed];
  }
}

function pageQuery(offset: number | undefined, limit: number, reverse: boolean): EngineRangeQuery {
  // At least one: the answer has the position, too.
  const bounds = { limit: Math.max(1, limit), reverse };
  if (offset === undefined) return reverse ? bounds : { ...bounds, from: 1 };
  return { ...bounds, from: reverse ? Math.max(1, offset - 1) : offset + 1 };
}

function sizeOf(values: Values): number {
  return values.reduce<number>(
    (sum, value) => sum + (value instanceof Uint8Array ? value.length : 0),
    0,
  );
}

function withoutEntries({ status }: EngineRangeResult): Values {
  return [status === "read" ? "missing" : "busy", 0, ""];
}

function valuesOf({ offset, form, fields, data }: EngineEntry): TupleValue[] {
  return [offset, form ?? ENTRY_FORM.json, fields, data];
}

function bytesOf(entries: readonly EngineEntry[]): number {
  return entries.reduce((sum, { fields, data }) => sum + fields.length + data.length, 0);
}

/** The entries that fit, one at least; the store refuses a first one that is too long. */
function upTo(entries: readonly EngineEntry[], maxBytes: number): readonly EngineEntry[] {
  let bytes = 0;
  const end = entries.findIndex(({ fields, data }, i) =>
    (bytes += fields.length + data.length) > maxBytes && i > 0
  );
  return end < 0 ? entries : entries.slice(0, end);
}
