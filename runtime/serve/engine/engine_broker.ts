/**
 * The engine as what keeps the channels, for one thread: each call of a worker is a request to the main thread.
 *
 * In: calls of one thread. Out: promises, none of which is rejected; a request that cannot be sent now is `busy`. Names that no client can
 * have are the server's own: the store of this server keeps their channels.
 */
import { decodeUtf8 } from "../../../protocol/basics.ts";
import {
  AS_DELTA,
  Entry,
  type EntryForm,
  type EntrySink,
  type Member,
  type MemberVisitor,
  type PresenceResult,
  type Publication,
  type PublishedForm,
  type ReadBounds,
} from "../../channels/mod.ts";
import type {
  Broker,
  ClientPosition,
  PageQuery,
  PublishAnswer,
  ReadAnswer,
} from "../broker/mod.ts";
import type { EngineReply } from "./engine_calls.ts";
import { PRESENCE_ANSWER, READ_ANSWER, REQUEST } from "./engine_request.ts";
import type { TupleValue } from "./tuple.ts";

const NO_BYTES = new Uint8Array(0);

/** What sends requests, and returns the answers. */
export interface RequestCalls {
  call(kind: number, values: readonly TupleValue[]): Promise<EngineReply>;
  tell(kind: number, values: readonly TupleValue[]): void;
}

/** Keeps the channels in the engine. */
export class EngineBroker implements Broker {
  readonly #calls: RequestCalls;

  constructor(calls: RequestCalls) {
    this.#calls = calls;
  }

  publish(name: Uint8Array, publication: Publication): Promise<PublishAnswer> {
    const { data, fields, form = 0, historySize, historyTtlMs, idempotencyKey, version } =
      publication;
    const values = [
      name,
      data,
      fields ?? NO_BYTES,
      form,
      historySize,
      historyTtlMs,
      publication.skipHistory === true ? 1 : 0,
      idempotencyKey,
      version?.version,
      version?.versionEpoch,
    ];
    // Without `async`: so the promises behind it are of the same kind, and the loop need not wait for Deno.
    return this.#calls.call(REQUEST.publish, values).then(publishAnswer);
  }

  async open(name: Uint8Array): Promise<"open" | "full" | "busy"> {
    const [status = "busy"] = await this.#call(REQUEST.open, [name]);
    return status as "open" | "full" | "busy";
  }

  async recover(
    name: Uint8Array,
    { offset, epoch }: ClientPosition,
    { limit, maxBytes }: ReadBounds,
    sink: EntrySink,
  ): Promise<ReadAnswer> {
    const values = [name, offset, epoch, limit, maxBytes];
    return readAnswer(await this.#call(REQUEST.recover, values), sink);
  }

  async history(name: Uint8Array, query: PageQuery, sink: EntrySink): Promise<ReadAnswer> {
    const { since, limit, maxBytes, reverse } = query;
    const position = [since?.offset, since?.epoch ?? ""];
    const values = [name, ...position, limit, maxBytes, reverse ? 1 : 0];
    const reply = await this.#call(REQUEST.history, values);
    const answer = readAnswer(reply, sink);
    const last = reply.length > READ_ANSWER.head
      ? reply[reply.length - READ_ANSWER.item]
      : Infinity;
    // It goes forward and does not end with the newest: there is more.
    return { ...answer, isCut: !reverse && last as number < answer.offset };
  }

  async removeHistory(name: Uint8Array): Promise<boolean> {
    const [done] = await this.#call(REQUEST.removeHistory, [name]);
    return done === 1;
  }

  async join(
    name: Uint8Array,
    { client, user, info, announce }: Member,
  ): Promise<"joined" | "full" | "busy"> {
    const texts = [decodeUtf8(client), decodeUtf8(user)];
    const values = [name, ...texts, info, announce ? 1 : 0];
    const [status = "busy"] = await this.#call(REQUEST.join, values);
    return status as "joined" | "full" | "busy";
  }

  /** The main thread knows the members of the server before. */
  rejoin(name: Uint8Array, client: Uint8Array): boolean {
    this.#calls.tell(REQUEST.rejoin, [name, decodeUtf8(client)]);
    return true;
  }

  leave(name: Uint8Array, client: Uint8Array): void {
    this.#calls.tell(REQUEST.leave, [name, decodeUtf8(client)]);
  }

  async presence(
    name: Uint8Array,
    limit: number,
    visitor: MemberVisitor,
  ): Promise<PresenceResult> {
    const reply = await this.#call(REQUEST.presence, [name, limit]);
    const { head, item } = PRESENCE_ANSWER;
    for (let i = head; i < reply.length; i += item) {
      visitor(new TextEncoder().encode(reply[i] as string), reply[i + 1] as Uint8Array);
    }
    return presenceResult(reply);
  }

  /** The limit 0: the counts alone, unless nobody is there. */
  async presenceStats(name: Uint8Array): Promise<PresenceResult> {
    const { status, ...counts } = presenceResult(await this.#call(REQUEST.presence, [name, 0]));
    return { ...counts, status: status === "limit" ? "read" : status };
  }

  async #call(kind: number, values: readonly TupleValue[]) {
    return await this.#calls.call(kind, values) ?? [];
  }
}

function publishAnswer(reply: EngineReply = []): PublishAnswer {
  const [status = "busy", offset = 0, epoch = ""] = reply as [
    PublishAnswer["status"]?,
    number?,
    string?,
  ];
  return { status, offset, epoch, subscribers: 0 };
}

function presenceResult(reply: NonNullable<EngineReply>): PresenceResult {
  const [status = "busy", clients = 0, users = 0] = reply as [
    PresenceResult["status"]?,
    number?,
    number?,
  ];
  return { status, clients, users };
}

/** Passes the entries of an answer to a sink. */
function readAnswer(reply: NonNullable<EngineReply>, sink: EntrySink): ReadAnswer {
  const [status = "busy", offset = 0, epoch = ""] = reply as [
    ReadAnswer["status"]?,
    number?,
    string?,
  ];
  const { head, item } = READ_ANSWER;
  for (let i = head; i < reply.length; i += item) {
    const values = reply.slice(i, i + item) as [number, PublishedForm, Uint8Array, Uint8Array];
    sink.entry(entryOf(...values));
  }
  return { status, offset, epoch };
}

function entryOf(
  offset: number,
  form: PublishedForm,
  fields: Uint8Array,
  data: Uint8Array,
): Entry {
  const entry = new Entry();
  entry.offset = offset;
  entry.form = (form & ~AS_DELTA) as EntryForm;
  entry.asDelta = (form & AS_DELTA) !== 0;
  entry.bytes = new Uint8Array(fields.length + data.length);
  entry.bytes.set(fields);
  entry.bytes.set(data, fields.length);
  entry.dataStart = fields.length;
  entry.dataEnd = entry.bytes.length;
  return entry;
}
