/**
 * Channels without a library: `curl -N`, fetch, and the HTTP API as the publisher, with two workers.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { DEFAULT_CONFIG } from "../../../runtime/mod.ts";
import { Backend, sign } from "../../support/channel_backend.ts";
import { OPEN } from "../../support/channel_options.ts";
import {
  begun,
  CURL,
  curlStream,
  events,
  fetchStream,
  type PlainStream,
  WITHOUT_CURL,
} from "../../support/plain_stream.ts";
import { Random } from "../../support/random.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const DYING = new URL("../../support/channels_thread.ts", import.meta.url);

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;
const offsetsOf = (list: readonly { offset: number }[]) => list.map(({ offset }) => offset);
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

Deno.test({
  name:
    `plain streams: curl gets every publication of its channels on both workers, in order${WITHOUT_CURL}`,
  ignore: CURL === undefined,
  fn: async () => {
    await using backend = await Backend.start();
    const url = backend.url("/channels/sse?channel=chat:a&channel=chat:b");
    const all = Array.from({ length: 6 }, () => curlStream(url));
    try {
      await Promise.all(all.map(begun));
      for (let i = 1; i <= 20; i++) {
        await backend.publish("chat:a", { i });
        await backend.publish("chat:b", i, { tags: { event: "number" } });
      }
      for (const stream of all) {
        assertEquals(offsetsOf(await events(stream, 20)), upTo(20));
        const numbers = await events(stream, 20, "number");
        assertEquals(
          numbers.map(({ channel, data }) => [channel, data]),
          upTo(20).map((i) => ["chat:b", i]),
        );
      }
      const retries = new Set(all.map(({ seen }) => seen.retry));
      assert(retries.size > 1 && [...retries].every((retry) => retry >= 1000 && retry <= 5000));
    } finally {
      for (const stream of all) await stream[Symbol.asyncDispose]();
    }
    await waitFor(async () => await backend.subscribers("chat:a") === 0, { what: "their end" });
  },
});

Deno.test({
  name: `plain streams: curl that comes back gets each offset exactly once${WITHOUT_CURL}`,
  ignore: CURL === undefined,
  fn: async () => {
    await using backend = await Backend.start();
    const url = backend.url("/channels/sse?channel=chat:a&channel=chat:b");
    const publish = async () => {
      for (let i = 0; i < 10; i++) {
        await backend.publishAll("chat:a", [i, i]);
        await backend.publishAll("chat:b", [i]);
      }
    };
    const random = new Random(7);
    const got: Record<string, number[]> = { "chat:a": [], "chat:b": [] };
    const take = ({ seen }: PlainStream) => {
      for (const { channel, offset } of seen.dataOf("message")) got[channel]!.push(offset);
    };
    let id = await (await begun(curlStream(url))).cut();
    for (let i = 0; i < 10; i++) {
      const published = publish();
      const stream = curlStream(url, id);
      await events(stream, random.below(20));
      id = await stream.cut();
      take(stream);
      await published;
    }
    await using last = curlStream(url, id);
    await events(last, 300 - got["chat:a"]!.length - got["chat:b"]!.length);
    take(last);
    assertEquals(got, { "chat:a": upTo(200), "chat:b": upTo(100) });
  },
});

Deno.test("plain streams: ?last_event_id= recovers too, and the field of an EventSource is newer", async () => {
  await using backend = await Backend.start();
  const url = backend.url("/channels/sse?channel=chat:a");
  const first = await begun(await fetchStream(url));
  const id = await first.cut();
  await backend.publishAll("chat:a", [1, 2, 3]);
  const withId = `${url}&last_event_id=${encodeURIComponent(id)}`;
  await using second = await fetchStream(withId);
  assertEquals(offsetsOf(await events(second, 3)), [1, 2, 3]);
  const { id: later } = second.seen.events[1]!;
  await using third = await fetchStream(withId, { headers: { "Last-Event-ID": later } });
  assertEquals(offsetsOf(await events(third, 1)), [3]);
  // As event-source-polyfill 1.0 and reconnecting-eventsource 1.6 come back: seen in their requests.
  await using fourth = await fetchStream(`${withId}&lastEventId=${encodeURIComponent(later)}`);
  assertEquals(offsetsOf(await events(fourth, 1)), [3]);
});

Deno.test("plain streams: after a restart, and when the history is gone, lost comes first", async () => {
  const short = { ...OPEN, historySize: 5 };
  const namespaces = { chat: OPEN, short };
  let id = "";
  {
    await using backend = await Backend.start({ namespaces });
    const stream = await fetchStream(backend.url("/channels/sse?channel=short:a"));
    await begun(stream);
    await backend.publish("short:a", 1);
    await events(stream, 1);
    id = await stream.cut();
    await backend.publishAll("short:a", upTo(10));
    await using evicted = await fetchStream(backend.url("/channels/sse?channel=short:a"), {
      headers: { "Last-Event-ID": id },
    });
    const [lost] = await events(evicted, 1, "lost");
    assertEquals([lost.channels[0].channel, lost.channels[0].offset], ["short:a", 11]);
    await backend.publish("short:a", "after");
    assertEquals(offsetsOf(await events(evicted, 1)), [12]);
    assertEquals(evicted.seen.events.map(({ type }) => type), ["lost", "message"]);
  }
  await using backend = await Backend.start({ namespaces });
  await using stream = await fetchStream(backend.url("/channels/sse?channel=short:a"), {
    headers: { "Last-Event-ID": id },
  });
  const [lost] = await events(stream, 1, "lost");
  assertEquals([lost.channels[0].channel, lost.channels[0].offset], ["short:a", 0]);
  await backend.publish("short:a", 1);
  assertEquals(offsetsOf(await events(stream, 1)), [1]);
});

Deno.test("plain streams: a reader that stops reading is cut off, and the others get everything", async () => {
  const limits = { ...DEFAULT_CONFIG.limits, queuedBytes: 64 * 1024 };
  await using backend = await Backend.start({}, { limits });
  const path = "/channels/sse?channel=chat:flood";
  const slow = await Deno.connect({
    hostname: "127.0.0.1",
    port: backend.server.executor.address.port,
  });
  await slow.write(new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`));
  await using reader = await fetchStream(backend.url(path));
  await begun(reader);
  await waitFor(async () => await backend.subscribers("chat:flood") === 2, { what: "both" });
  const count = 250; // more than the kernel's buffers on both sides have room for
  const data = "x".repeat(60_000);
  for (let i = 0; i < count; i++) {
    await backend.publish("chat:flood", data);
    // One after another: what is published in one turn would be more than may wait for it.
    await waitFor(() => reader.seen.events.length > i, { what: "a publication" });
  }
  assertEquals(offsetsOf(await events(reader, count)), upTo(count));
  await waitFor(async () => await backend.subscribers("chat:flood") === 1, { what: "one is cut" });
  let bytes = 0;
  const buffer = new Uint8Array(256 * 1024);
  for (let read: number | null = 1; read !== null; bytes += read ?? 0) {
    read = await slow.read(buffer).catch(() => null);
  }
  slow.close();
  assert(bytes < count * data.length, `${bytes} bytes`);
});

Deno.test("plain streams: a slow reader is cut off in a flood, and comes back to everything that the history has", async () => {
  await using backend = await Backend.start();
  const url = backend.url("/channels/sse?channel=chat:flood&channel=chat:other");
  const subscribers = (count: number) =>
    waitFor(async () => await backend.subscribers("chat:flood") === count, {
      what: `${count} subscribers`,
    });
  const id = await (await begun(await fetchStream(url))).cut();
  await subscribers(0);
  const { port } = backend.server.executor.address as { port: number };
  const slow = await Deno.connect({ hostname: "127.0.0.1", port });
  const head = "GET /channels/sse?channel=chat:flood HTTP/1.1\r\nHost: x\r\n\r\n";
  await slow.write(new TextEncoder().encode(head));
  await subscribers(1);
  // More than one recovery may have, by number and bytes, and than the kernel's buffers on both sides have room for.
  const count = 12_000;
  const data = "x".repeat(1_500);
  for (let i = 0; i < count; i += 1_000) {
    await backend.publishAll("chat:flood", Array(1_000).fill(data));
  }
  await subscribers(0);
  slow.close();
  await using back = await fetchStream(url, { headers: { "Last-Event-ID": id } });
  await backend.publish("chat:other", "live");
  const seen = (most: number) =>
    waitFor(() => back.seen.events.length >= most, {
      what: () => `${most} events, not ${back.seen.events.length}`,
    });
  await seen(count + 1);
  await backend.publish("chat:flood", "live");
  await seen(count + 2);
  const offsets = back.seen.dataOf("message").filter(({ channel }) => channel === "chat:flood")
    .map(({ offset }) => offset);
  assertEquals(offsets, upTo(count + 1));
  assertEquals(back.seen.dataOf("lost"), []);
});

Deno.test("plain streams: tokens open channels, each by what it says", async () => {
  await using backend = await Backend.start({ allowAnonymousConnect: false });
  const get = async (query: string, init: RequestInit = {}) => {
    const response = await fetch(backend.url(`/channels/sse?${query}`), init);
    if (response.status !== 200) return [response.status, (await response.text()).trim()];
    await response.body!.cancel();
    return [200];
  };
  const expiring = inSeconds(-10);
  const caps = [{ channels: ["closed:*"], match: "wildcard", allow: ["sub"] }];
  const [alice, capable, served, expired, own, other] = await Promise.all([
    sign({ sub: "alice" }),
    sign({ sub: "alice", caps }),
    sign({ sub: "alice", channels: ["closed:news"] }),
    sign({ sub: "alice", exp: expiring }),
    sign({ sub: "alice", channel: "$chat:own" }),
    sign({ sub: "bob", channel: "closed:b" }),
  ]);
  const refused = [403, 'You may not subscribe to "closed:a"'];
  assertEquals(await get("channel=chat:a"), [
    401,
    "A token is needed: ?token=, or Authorization: Bearer",
  ]);
  assertEquals(await get("channel=chat:a&token=nonsense"), [401, "The token is not valid"]);
  assertEquals(await get(`channel=chat:a&token=${expired}`), [401, "The token has expired"]);
  assertEquals(await get(`channel=chat:a&token=${alice}`), [200]);
  assertEquals(await get("channel=chat:a", { headers: { Authorization: `Bearer ${alice}` } }), [
    200,
  ]);
  assertEquals(await get(`channel=closed:a&token=${alice}`), refused);
  assertEquals(await get(`channel=closed:a&token=${capable}`), [200]);
  assertEquals(await get(`channel=closed:a&token=${served}`), refused);
  assertEquals(await get(`channel=closed:news&token=${served}`), [200]);
  assertEquals(await get(`token=${served}`), [200]);
  const both = `channel=chat:a&channel=$chat:own&token=${alice}`;
  assertEquals((await get(both))[0], 403);
  assertEquals(await get(`${both}&subscription_token=${own}`), [200]);
  const notOurs = [403, "A subscription token is not valid, or not one of this user"];
  assertEquals(await get(`channel=closed:b&token=${alice}&subscription_token=${other}`), notOurs);
  assertEquals(await get(`channel=chat:a&token=${alice}&subscription_token=${own}`), [
    400,
    'A subscription token is for "$chat:own", which is not asked for',
  ]);
});

Deno.test("plain streams: a token that expires in mid-stream ends it, and the next request is refused", async () => {
  await using backend = await Backend.start({ allowAnonymousConnect: false });
  const [short, long, subscription] = await Promise.all([
    sign({ sub: "alice", exp: inSeconds(2) }),
    sign({ sub: "alice" }),
    sign({ sub: "alice", channel: "closed:a", exp: inSeconds(2) }),
  ]);
  const paths = [
    `/channels/sse?channel=chat:a&token=${short}`,
    `/channels/sse?channel=chat:a&channel=closed:a&token=${long}&subscription_token=${subscription}`,
  ];
  const streams = await Promise.all(paths.map((path) => fetchStream(backend.url(path))));
  await backend.publish("chat:a", 1);
  for (const stream of streams) await events(stream, 1);
  const ends = [];
  for (const stream of streams) {
    await waitFor(() => stream.isOver(), { what: "the end of a stream" });
    ends.push(stream.seen.dataOf("disconnect")[0]);
  }
  assertEquals(ends, [
    { code: 3005, reason: "connection expired" },
    { code: 3006, reason: "subscription expired" },
  ]);
  for (const path of paths) assertEquals((await backend.get(path))[0], 401);
  assertEquals(await backend.subscribers("chat:a"), 0);
});

Deno.test("plain streams: backends find them as other clients", async () => {
  await using backend = await Backend.start({}, { channelLimits: { connectionsPerUser: 1 } });
  const token = await sign({ sub: "alice" });
  const path = `/channels/sse?channel=chat:a&channel=chat:b&token=${token}`;
  const stream = await begun(await fetchStream(backend.url(path)));
  assertEquals((await backend.get(path)).slice(0, 2), [
    429,
    "The user has as many connections as it may have\n",
  ]);
  const { presence } = await backend.ask("presence", { channel: "chat:a" });
  assertEquals(Object.values(presence).map((info) => (info as { user: string }).user), ["alice"]);
  await backend.ask("unsubscribe", { user: "alice", channel: "chat:b" });
  assertEquals((await events(stream, 1, "unsubscribe"))[0].channel, "chat:b");
  await backend.ask("disconnect", { user: "alice" });
  await waitFor(() => stream.isOver(), { what: "the end of the stream" });
  assertEquals(stream.seen.dataOf("disconnect"), [{ code: 3503, reason: "force disconnect" }]);
  await stream.cut();
  await using again = await begun(await fetchStream(backend.url(path)));
  assertEquals(again.seen.events, []);
});

Deno.test("plain streams: a worker dies under its streams; they come back, and the others notice nothing", async () => {
  await using backend = await Backend.start({}, { workerModule: DYING });
  const url = backend.url("/channels/sse?channel=chat:a");
  const streams = await Promise.all(
    Array.from({ length: 8 }, async () => await begun(await fetchStream(url))),
  );
  await backend.publishAll("chat:a", [1, 2, 3]);
  for (const stream of streams) await events(stream, 3);
  // Not by fetch, which would ask again, and end the other worker too.
  const { port } = backend.server.executor.address as { port: number };
  const victim = await Deno.connect({ hostname: "127.0.0.1", port });
  await victim.write(new TextEncoder().encode("GET /dies HTTP/1.1\r\nHost: x\r\n\r\n"));
  await waitFor(() => backend.server.warnings.some((text) => text.includes("died")), {
    what: "its end",
  });
  await waitFor(() => streams.some((one) => one.isOver()), { what: "the end of its streams" });
  victim.close();
  await backend.publishAll("chat:a", [4, 5, 6]).catch(() =>
    backend.publishAll("chat:a", [4, 5, 6])
  );
  const dead = streams.filter((one) => one.isOver());
  assert(dead.length < streams.length);
  for (const stream of streams) {
    if (!stream.isOver()) assertEquals(offsetsOf(await events(stream, 6)), upTo(6));
    const headers = { "Last-Event-ID": await stream.cut() };
    if (!dead.includes(stream)) continue;
    await using next = await fetchStream(url, { headers });
    assertEquals(offsetsOf(await events(next, 3)), [4, 5, 6]);
  }
});

Deno.test("plain streams: a stop of the server ends them, and a stream of HTTP/1.0 has no chunks", async () => {
  const backend = await Backend.start();
  const { port } = backend.server.executor.address as { port: number };
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const request = "GET /channels/sse?channel=chat:a HTTP/1.0\r\nHost: x\r\n\r\n";
  await connection.write(new TextEncoder().encode(request));
  await waitFor(async () => await backend.subscribers("chat:a") === 1, { what: "the stream" });
  await backend.publish("chat:a", 1);
  const stream = await begun(await fetchStream(backend.url("/channels/sse?channel=chat:a")));
  const stopped = backend[Symbol.asyncDispose]();
  await waitFor(() => stream.isOver(), { what: "the end of the stream" });
  const text = await new Response(connection.readable).text();
  assertStringIncludes(text, "\r\n\r\nretry: ");
  assertMatch(text, /"offset":1,"data":1\}\nid: \S+\n\n/);
  await stream.cut();
  await stopped;
});

Deno.test("channels history: a page as JSON, and from there a stream", async () => {
  await using backend = await Backend.start();
  await backend.publishAll("chat:a", upTo(10));
  const page = async (query: string) => {
    const [status, text, headers] = await backend.get(`/channels/history?channel=chat:a${query}`);
    assertEquals([status, headers.get("content-type")], [200, "application/json"]);
    return JSON.parse(text);
  };
  const all = await page("");
  assertEquals(offsetsOf(all.publications), upTo(10));
  assertEquals([all.offset, all.publications[9].data], [10, 10]);
  const newest = await page("&limit=2&reverse=true");
  assertEquals(offsetsOf(newest.publications), [10, 9]);
  assertEquals(newest.last_event_id, all.last_event_id);
  const middle = await page(`&limit=3&since_offset=4&since_epoch=${all.epoch}`);
  assertEquals([offsetsOf(middle.publications), middle.last_event_id], [[5, 6, 7], undefined]);
  assertEquals((await page("&limit=0")).publications, []);
  assertEquals(await page("x"), { publications: [], offset: 0, epoch: "" });
  await backend.publish("chat:a", 11);
  const url = backend.url(`/channels/sse?channel=chat:a&last_event_id=${all.last_event_id}`);
  await using stream = await fetchStream(url);
  assertEquals(offsetsOf(await events(stream, 1)), [11]);
});

Deno.test("plain streams: HEAD subscribes nobody, other methods and parameters are refused", async () => {
  await using backend = await Backend.start();
  const head = { method: "HEAD" };
  const [status, text, headers] = await backend.get("/channels/sse?channel=chat:a", head);
  assertEquals([status, text, headers.get("content-type")], [200, "", "text/event-stream"]);
  assertEquals(headers.get("cache-control"), "no-store");
  assertEquals((await backend.get("/channels/sse?channel=closed:a", head))[0], 403);
  assertEquals((await backend.get("/channels/history?channel=chat:a", head)).slice(0, 2), [
    200,
    "",
  ]);
  assertEquals(await backend.subscribers("chat:a"), 0);
  assertEquals((await backend.get("/channels/sse?channel=chat:a", { method: "POST" }))[0], 405);
  const [wrong, reason, fields] = await backend.get("/channels/sse?channel=chat:a&limit=%0d%0a");
  assertEquals([wrong, reason], [
    400,
    'There is no parameter "limit"; there are channel, subscription_token, token, last_event_id, lastEventId\n',
  ]);
  assertEquals(fields.get("x-content-type-options"), "nosniff");
});
