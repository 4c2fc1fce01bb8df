/**
 * The samples of docs/samples/ run unchanged here and under Bun, or here and under `deno serve`, with equal answers.
 */

import { assertEquals } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import WebSocketClient from "ws";
import { NO_NPM, type Runner, startSample } from "../../support/sample_runners.ts";
import { waitFor, within } from "../../support/wait_for.ts";

/** Asks a sample, and tells what it answered. */
type Script = (url: string) => Promise<unknown>;

const MEBIBYTE = 1024 * 1024;

/** The parts of a response that have to be the same, as one text. */
async function answerOf(url: string, path: string, init: RequestInit = {}): Promise<string> {
  const response = await fetch(`${url}${path}`, { redirect: "manual", ...init });
  const { headers, status } = response;
  const names = ["cache-control", "allow", "location", "x-answered-by"];
  const fields = names.map((name) => headers.get(name)).filter((value) => value !== null);
  const type = /json|html|event-stream/.exec(headers.get("content-type") ?? "")?.[0] ?? "no type";
  const text = await response.text();
  return [init.method ?? "GET", path, status, type, ...fields, ...headers.getSetCookie(), text]
    .join(" | ");
}

async function answersOf(url: string, asked: readonly [path: string, init?: RequestInit][]) {
  const answers: string[] = [];
  for (const [path, init] of asked) answers.push(await answerOf(url, path, init));
  return answers;
}

const post = (body: BodyInit, headers: HeadersInit = {}): RequestInit => ({
  method: "POST",
  body,
  headers,
});

const hono: Script = (url) =>
  answersOf(url, [
    ["/"],
    ["/html"],
    ["/notes"],
    ["/notes/1"],
    ["/notes/2"],
    ["/notes/x"],
    ["/echo", post(`{"a":[1,"ü"]}`, { "content-type": "application/json" })],
    ["/text", { method: "PUT", body: "straße" }],
    ["/search?q=a%20b&tag=1&tag=2"],
    ["/headers", { headers: { "X-Agent": "test" } }],
    ["/old"],
    ["/notes/1", { method: "DELETE" }],
    ["/nowhere/%C3%BC"],
    ["/notes", { method: "HEAD" }],
  ]);

const rest: Script = (url) =>
  answersOf(url, [
    ["/distance", post(`{"x":3,"y":4}`)],
    ["/distance", post(`{"x":3}`)],
    ["/distance", post("{")],
    ["/distance", post("")],
    ["/distance"],
    ["/greeting?name=Al%C3%AFce&name=Bob"],
    ["/greeting", { headers: { "x-name": "Carol" } }],
    ["/greeting"],
    ["/cookies", { headers: { cookie: "c=3; d=4" } }],
    ["/nothing", { method: "PATCH", body: "x" }],
  ]);

const hello: Script = (url) => answersOf(url, [["/"], ["/a/b?c"], ["/x", { method: "HEAD" }]]);

/** The events as they come, and that the server notices a client that leaves. */
const sse: Script = async (url) => {
  const whole = await answerOf(url, "/?count=3&ms=20");
  const leaving = new AbortController();
  const response = await fetch(`${url}/?count=100000&ms=20`, { signal: leaving.signal });
  const reader = response.body!.getReader();
  const first = new TextDecoder().decode((await reader.read()).value);
  leaving.abort();
  await reader.cancel().catch(() => {});
  // With several workers, each has a count of its own: none may stay.
  const counts = async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => fetch(`${url}/open`)));
    return (await Promise.all(all.map((one) => one.text()))).every((text) => text === "0");
  };
  await waitFor(counts, { what: "no open stream" });
  return [whole, first];
};

const upload: Script = async (url) => {
  const bytes = new Uint8Array(50 * MEBIBYTE);
  for (let i = 0; i < bytes.length; i += 4096) bytes[i] = i / 4096;
  const sent = await answerOf(url, "/", post(bytes));
  const chunked = await answerOf(url, "/", {
    ...post(new Blob([bytes.subarray(0, MEBIBYTE)]).stream() as unknown as BodyInit),
    ...{ duplex: "half" },
  });
  const own = encodeHex(await crypto.subtle.digest("SHA-256", bytes));
  return [sent.includes(own), sent, chunked, await answerOf(url, "/")];
};

/** The members of the `ws` package that are used; the package has no types. */
interface Client {
  on(event: string, listener: (...values: never[]) => void): void;
  send(data: string | Uint8Array): void;
  close(code?: number, reason?: string): void;
  pause(): void;
  resume(): void;
}

interface Opened {
  readonly client: Client;
  readonly messages: string[];
  readonly closed: Promise<[code: number, reason: string]>;
}

async function open(url: string): Promise<Opened> {
  const Client = WebSocketClient as unknown as new (url: string) => Client;
  const client = new Client(url.replace("http", "ws"));
  const messages: string[] = [];
  client.on("message", (data: Uint8Array, isBinary: boolean) => {
    messages.push(isBinary ? `${data.length} bytes` : new TextDecoder().decode(data));
  });
  const closed = new Promise<[number, string]>((resolve) => {
    client.on(
      "close",
      (code: number, reason: Uint8Array) => resolve([code, new TextDecoder().decode(reason)]),
    );
  });
  await within(
    new Promise<void>((resolve, reject) => {
      client.on("open", () => resolve());
      client.on("error", (error: Error) => reject(error));
    }),
    { what: `a WebSocket of ${url}` },
  );
  return { client, messages, closed };
}

async function until({ messages }: Opened, count: number): Promise<void> {
  await waitFor(() => messages.length >= count, { what: () => `${count} of ${messages}` });
}

const chat: Script = async (url) => {
  const [alice, bob] = [
    await open(`${url}/room/a?user=alice`),
    await open(`${url}/room/a?user=bob`),
  ];
  const other = await open(`${url}/room/b?user=eve`);
  await until(alice, 2);
  alice.client.send("hello");
  await until(bob, 2);
  bob.client.send("hi, \u{1f600}");
  await until(alice, 4);
  bob.client.close(1000, "bye");
  await until(alice, 5);
  alice.client.close();
  other.client.close();
  const ends = [await bob.closed, (await alice.closed)[0]];
  const refused = [await answerOf(url, "/room/a"), await answerOf(url, "/")];
  return [alice.messages, bob.messages, other.messages, ends, refused];
};

/** Far more than both queue, from a client that reads only afterwards. */
const echo: Script = async (url) => {
  const opened = await open(`${url}/`);
  const { client } = opened;
  client.send("text ü");
  client.send(new Uint8Array(10));
  await until(opened, 2);
  client.pause();
  const count = 200;
  const text = "x".repeat(64 * 1024);
  for (let i = 0; i < count; i++) client.send(`${i} ${text}`);
  client.resume();
  await until(opened, count + 2);
  client.close(1000);
  const short = opened.messages.map((message) => message.slice(0, 12));
  return [short, (await opened.closed)[0], await answerOf(url, "/")];
};

const denoSocket: Script = async (url) => {
  const opened = await open(`${url}/`);
  await until(opened, 1);
  opened.client.send("small");
  opened.client.send(new Uint8Array(3));
  await until(opened, 3);
  opened.client.send("bye");
  return [opened.messages, await opened.closed, await answerOf(url, "/")];
};

/** Each sample with what also runs it. */
const SAMPLES: readonly (readonly [string, Runner, Script, ...string[]])[] = [
  ["hello.ts", "bun", hello],
  ["hello.ts", "deno serve", hello],
  ["hono.ts", "bun", hono],
  ["rest.ts", "bun", rest],
  ["rest.ts", "deno serve", rest],
  ["sse.ts", "bun", sse],
  ["sse.ts", "deno serve", sse],
  ["upload.ts", "bun", upload, "--max-body", "64m"],
  ["chat.ts", "bun", chat],
  ["echo.ts", "bun", echo],
  ["deno-socket.ts", "deno serve", denoSocket],
];

for (const [sample, runner, script, ...args] of SAMPLES) {
  Deno.test({
    name: `app samples: ${sample} answers here as under ${runner}${NO_NPM}`,
    ignore: NO_NPM !== "",
    fn: async () => {
      let theirs: unknown;
      {
        await using running = await startSample(sample, runner);
        theirs = await script(running.url);
      }
      await using running = await startSample(sample, "async-deno", args);
      assertEquals(await script(running.url), theirs);
    },
  });
}

Deno.test({
  name: `app samples: database.ts keeps notes, seen by all workers${NO_NPM}`,
  ignore: NO_NPM !== "",
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      Deno.env.set("NOTES_FILE", `${folder}/notes.db`);
      const allow = `read=${folder},write=${folder},env=NOTES_FILE`;
      await using running = await startSample("database.ts", "async-deno", ["--app-allow", allow]);
      const { url } = running;
      const ids = await Promise.all(
        Array.from({ length: 6 }, async (_, i) => {
          return (await (await fetch(url, post(`note ${i}`))).json()).id;
        }),
      );
      assertEquals(ids.sort(), [1, 2, 3, 4, 5, 6]);
      const notes = await (await fetch(url)).json();
      assertEquals(notes.length, 6);
    } finally {
      Deno.env.delete("NOTES_FILE");
      await Deno.remove(folder, { recursive: true });
    }
  },
});
