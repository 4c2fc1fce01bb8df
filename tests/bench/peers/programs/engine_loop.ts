/**
 * The client library of an engine alone: publishes in a loop as a server of async-deno does, without a server.
 *
 * In: a port, the URL of a Redis or NATS server, and `--listen` if it gets back what it publishes. Out: an HTTP server, so that the
 * benchmark can start and ask it as the servers: `GET /?seconds=S` runs the loop so long, and is answered with what was done.
 *
 * Redis: the script of a publication, one publication a call, 64 under way on one connection, which may be those of any
 * channels. NATS: records of one channel, each on the condition that it follows the one before; so one is under way, as in the server.
 */

import { Buffer } from "node:buffer";
import { connect, headers, type NatsConnection } from "@nats-io/transport-node";
import { Redis } from "ioredis";
import { JetStreamError } from "../../../../runtime/serve/engine/nats/nats_faults.ts";
import { NatsNames } from "../../../../runtime/serve/engine/nats/names.ts";
import { emptyRecord, encodeRecord } from "../../../../runtime/serve/engine/nats/records.ts";
import { ensureStreams } from "../../../../runtime/serve/engine/nats/streams.ts";
import { TrimMarks } from "../../../../runtime/serve/engine/nats/trim_marks.ts";
import { randomText } from "../../../../runtime/serve/engine/random_text.ts";
import { appendCall } from "../../../../runtime/serve/engine/redis/append_batch.ts";
import { RedisNames } from "../../../../runtime/serve/engine/redis/names.ts";
import { redisClient } from "../../../../runtime/serve/engine/redis/redis_client.ts";
import { SCRIPTS } from "../../../../runtime/serve/engine/redis/scripts.ts";
import { waitFor } from "../../../support/wait_for.ts";
import { UNDER_WAY } from "../../engine_rows.ts";

const LISTEN = "--listen";
const TIMEOUT_MS = 5_000;
const HISTORY = { historySize: 100, historyTtlMs: 600_000 };
const DATA = Buffer.from(`{"x":"${"x".repeat(64 - 8)}"}`);
const PREFIX = "library:";
/** Another loop uses the same engine. */
const CHANNEL = `loop-${Deno.pid}`;

/** What publishes. */
interface Library {
  /** How many may be under way. */
  readonly atOnce: number;
  /** Publishes once. */
  publish(): Promise<void>;
  /** How many have come back. */
  heard(): number;
}

async function redisLibrary(url: string, listens: boolean): Promise<Library> {
  const { hostname: host, port } = new URL(url);
  const place = { host, port: Number(port) };
  const redis = redisClient(place, TIMEOUT_MS);
  await redis.connect();
  const { sha, lua } = SCRIPTS.append;
  await redis.script("LOAD", lua);
  const lives = /run_id:(\S+)/.exec(await redis.info("server"))![1]!;
  const facts = { names: new RedisNames(PREFIX), lives, isInGrace: false };
  let count = 0;
  if (listens) await listen(redisClient(place, TIMEOUT_MS), facts.names, () => count++);
  return {
    atOnce: UNDER_WAY,
    heard: () => count,
    async publish() {
      const publication = { data: DATA, ...HISTORY };
      const { keys, args } = appendCall([{ channel: CHANNEL, publication }], facts);
      const all = [sha, keys.length, ...keys, ...args] as (string | Buffer)[];
      const answer = String(await redis.callBuffer("EVALSHA", all));
      if (!answer.startsWith("stored ")) throw new Error(`the script answered ${answer}`);
    },
  };
}

async function listen(listener: Redis, names: RedisNames, heard: () => void): Promise<void> {
  await listener.connect();
  listener.on("messageBuffer", heard);
  await listener.subscribe(names.ofPubSub("x", CHANNEL));
}

async function natsLibrary(url: string, listens: boolean): Promise<Library> {
  const client = await connect({ servers: new URL(url).host, reconnect: false });
  const names = new NatsNames(PREFIX);
  await ensureStreams((request, body) => ask(client, request, body), names, { isCluster: false });
  const [subject, stream] = [names.records(CHANNEL), names.stream("channels")];
  const marks = new TrimMarks();
  let record = emptyRecord(randomText(), randomText()), sequence = 0, count = 0;
  if (listens) client.subscribe(names.delivery(CHANNEL), { callback: () => void count++ });
  return {
    atOnce: 1,
    heard: () => count,
    async publish() {
      const offset = record.offset + 1;
      const first = Math.max(1, offset - HISTORY.historySize + 1);
      const next = {
        kind: "p",
        offset,
        first,
        previousTag: record.tag,
        tag: randomText(),
      } as const;
      record = { ...record, ...next, ...HISTORY, data: DATA, count: offset };
      const more = headers();
      more.set("Nats-Expected-Last-Subject-Sequence", `${sequence}`);
      const request = { headers: more, timeout: TIMEOUT_MS };
      sequence = answerOf(await client.request(subject, encodeRecord(record), request)).seq;
      const seq = marks.note(CHANNEL, record, sequence);
      if (seq === undefined || seq <= 1) return;
      const purge = JSON.stringify({ filter: subject, seq });
      client.publish(`$JS.API.STREAM.PURGE.${stream}`, purge);
    },
  };
}

async function ask(client: NatsConnection, request: string, body?: unknown): Promise<unknown> {
  const text = body === undefined ? "" : JSON.stringify(body);
  return answerOf(await client.request(`$JS.API.${request}`, text, { timeout: TIMEOUT_MS }));
}

function answerOf({ data }: { readonly data: Uint8Array }): { readonly seq: number } {
  const answer = JSON.parse(new TextDecoder().decode(data));
  const { error } = answer;
  if (error !== undefined) throw new JetStreamError(error.err_code ?? 0, error.description);
  return answer;
}

/** Publishes for some seconds. */
async function run(library: Library, seconds: number) {
  const start = performance.now();
  const heard = library.heard();
  let count = 0, isOver = false;
  setTimeout(() => isOver = true, seconds * 1_000);
  const publish = async () => {
    for (; !isOver; count++) await library.publish();
  };
  await Promise.all(Array.from({ length: library.atOnce }, publish));
  const elapsed = (performance.now() - start) / 1_000;
  if (listens) {
    await waitFor(() => library.heard() - heard === count, { what: "all messages" });
  }
  return { count, seconds: elapsed };
}

const [port, url = "", more] = Deno.args;
const listens = more === LISTEN;
const library = await (url.startsWith("nats:") ? natsLibrary : redisLibrary)(url, listens);
Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen: () => {} }, async (request) => {
  const seconds = new URL(request.url).searchParams.get("seconds");
  return seconds === null ? new Response("ok") : Response.json(await run(library, Number(seconds)));
});
