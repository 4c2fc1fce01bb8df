/**
 * Clients of plain streams: curl as a process, and fetch, both as an EventSource interprets what comes.
 *
 * In: an address. Out: what came so far. Disposing it ends the process or the request.
 */

import { EventStream } from "./event_stream.ts";
import { findProgram } from "./process_facts.ts";
import { waitFor } from "./wait_for.ts";

/** The path of curl, or undefined. */
export const CURL = findProgram("curl");
/** For the name of a test that needs it. */
export const WITHOUT_CURL = CURL === undefined
  ? " (skipped, to install it: apt-get install curl)"
  : "";

/** A client that keeps what it reads. */
export interface PlainStream extends AsyncDisposable {
  readonly seen: EventStream;
  /** Whether the server has ended it. */
  isOver(): boolean;
  /** Ends the connection. Returns what the next one says as Last-Event-ID. */
  cut(): Promise<string>;
}

/** `curl -N`, with the last id of the connection before. */
export function curlStream(url: string, lastEventId = ""): PlainStream {
  const field = lastEventId === "" ? [] : ["-H", `Last-Event-ID: ${lastEventId}`];
  const child = new Deno.Command(CURL!, {
    args: ["-sN", ...field, url],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const seen = new EventStream(lastEventId);
  const { done, isOver } = follow(child.stdout, seen);
  let hasEnded = false;
  const status = child.status.then(() => hasEnded = true);
  const cut = async () => {
    if (!hasEnded) child.kill("SIGKILL");
    await Promise.all([status, done]);
    return seen.lastEventId;
  };
  return { seen, isOver, cut, [Symbol.asyncDispose]: async () => void await cut() };
}

/** fetch; the answer must have status 200. */
export async function fetchStream(url: string, init: RequestInit = {}): Promise<PlainStream> {
  const response = await fetch(url, init);
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  const seen = new EventStream(new Headers(init.headers).get("last-event-id") ?? "");
  const { done, isOver, cancel } = follow(response.body!, seen);
  const cut = async () => {
    // Not by an AbortSignal: Deno forgets it when garbage is collected.
    await cancel();
    await done;
    return seen.lastEventId;
  };
  return { seen, isOver, cut, [Symbol.asyncDispose]: async () => void await cut() };
}

/** Waits for so many events of a type, `message` by default. */
export async function events(
  { seen }: PlainStream,
  count: number,
  type = "message",
  // deno-lint-ignore no-explicit-any -- tests look into data of any kind
): Promise<any[]> {
  await waitFor(() => seen.dataOf(type).length >= count, {
    what: () => `${count} events ${type}, not ${seen.dataOf(type).length}`,
  });
  return seen.dataOf(type);
}

/** Waits until the stream is subscribed. */
export async function begun(stream: PlainStream): Promise<PlainStream> {
  await waitFor(() => stream.seen.retry > 0 && stream.seen.lastEventId !== "", {
    what: "the beginning of a stream",
  });
  return stream;
}

function follow(body: ReadableStream<Uint8Array>, seen: EventStream) {
  let over = false;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const read = async () => {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      seen.take(decoder.decode(part.value, { stream: true }));
    }
  };
  // A connection that broke is over too.
  const done = read().catch(() => {}).then(() => void (over = true));
  const cancel = () => reader.cancel().catch(() => {});
  return { done, isOver: () => over, cancel };
}
