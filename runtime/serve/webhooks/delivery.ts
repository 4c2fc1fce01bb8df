/**
 * Sends the events of one webhook: batch after batch, each signed, until the receiver has answered 2xx.
 *
 * In: events as JSON. Out: POST requests, one at a time, so that the order stays. A batch that fails is sent again, the same bytes, after
 * pauses that double up to half a minute, each shortened by chance; what is older than the retry time is dropped after a failure. Everything
 * that is dropped is counted, and the operator is told once when the receiver fails and once when it is back.
 */

import { encodeHex } from "@std/encoding/hex";
import { concatBytes } from "../../../protocol/basics.ts";
import type { PusherAppConfig, WebhookConfig } from "../../config/mod.ts";
import { type Batch, EventQueue } from "./event_queue.ts";
import { post } from "./post.ts";

/** Milliseconds in which events gather before the first one is sent; Pusher: up to 250. */
const GATHER = 50;
/** The pause after the first failure, and the longest one. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;

const UTF8 = new TextEncoder();
const [COMMA, END] = [UTF8.encode(","), UTF8.encode("]}")];

/** Why an event was not sent. `full`: the queue; `expired`: the receiver failed for too long; `stopped`: the server ended. */
export type DropReason = "full" | "expired" | "stopped";

/** What a webhook has done. */
export interface WebhookFigures {
  /** The app's name. */
  readonly app: string;
  /** Its number among the webhooks of the app, from 1. */
  readonly webhook: number;
  readonly delivered: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  readonly requests: { readonly ok: number; readonly failed: number };
  readonly queuedEvents: number;
  readonly queuedBytes: number;
  /** Whether the last request was answered with 2xx; true before the first. */
  readonly isUp: boolean;
}

/** What a delivery is made with. */
export interface DeliveryParts {
  readonly app: Pick<PusherAppConfig, "name" | "key">;
  /** Signs with the secret of the app. */
  readonly secret: Uint8Array;
  readonly hook: Omit<WebhookConfig, "events">;
  /** Its number among the webhooks of the app, from 1. */
  readonly number: number;
  warn(text: string): void;
  inform(text: string): void;
}

/** One webhook. */
export class WebhookDelivery {
  readonly #parts: DeliveryParts;
  readonly #queue: EventQueue;
  readonly #key: Promise<CryptoKey>;
  readonly #stop = new AbortController();
  readonly #dropped = { full: 0, expired: 0, stopped: 0 };
  readonly #requests = { ok: 0, failed: 0 };
  /** Of the batch under way. */
  #underWay = 0;
  #delivered = 0;
  /** Since the last success. */
  #failures = 0;
  #running: Promise<void> | undefined = undefined;
  #isClosing = false;
  /** Ends a pause early. */
  #wake: () => void = () => {};

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    this.#queue = new EventQueue(parts.hook);
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const secret = new Uint8Array(parts.secret);
    this.#key = crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
  }

  /** Sends an event in a moment; it is dropped and counted if too many wait. @param time milliseconds since 1970 */
  send(json: Uint8Array, time: number): void {
    if (this.#stop.signal.aborted) return this.noteDropped("stopped", 1);
    if (!this.#queue.push({ json, time })) return this.noteDropped("full", 1);
    this.#running ??= this.#run();
  }

  /** Events were dropped. */
  noteDropped(reason: DropReason, count: number): void {
    this.#dropped[reason] += count;
  }

  /** What it has done so far. */
  figures(): WebhookFigures {
    return {
      app: this.#parts.app.name,
      webhook: this.#parts.number,
      delivered: this.#delivered,
      dropped: { ...this.#dropped },
      requests: { ...this.#requests },
      queuedEvents: this.#queue.length + this.#underWay,
      queuedBytes: this.#queue.bytes,
      isUp: this.#failures === 0,
    };
  }

  /** Sends what waits, at once, for at most so many milliseconds; fulfilled when nothing is left, or the rest is dropped. */
  async close(milliseconds: number): Promise<void> {
    this.#isClosing = true;
    this.#wake();
    const timer = setTimeout(() => {
      this.#stop.abort();
      this.#wake();
    }, milliseconds);
    await this.#running;
    clearTimeout(timer);
    this.#stop.abort();
    const { stopped } = this.#dropped;
    if (stopped > 0) {
      this.#parts.warn(`${this.#name}: ${eventCount(stopped)} not sent before the stop`);
    }
  }

  /** Sends what waits, and ends when nothing does. */
  async #run(): Promise<void> {
    await this.#pause(this.#isClosing ? 0 : GATHER);
    let batch = this.#queue.take();
    while (batch !== undefined) {
      this.#underWay = batch.length;
      // What is left of it is younger than the retry time.
      batch = await this.#deliver(batch) ?? this.#queue.take();
    }
    this.#underWay = 0;
    this.#running = undefined;
  }

  /** Sends a batch until it is taken, or dropped, or a part of it is dropped: then it returns the rest. */
  async #deliver(batch: Batch): Promise<Batch | undefined> {
    const body = bodyOf(batch);
    const signature = await this.#sign(body);
    while (!this.#stop.signal.aborted) {
      const fault = await this.#attempt(body, signature);
      if (fault === undefined) {
        this.#noteSuccess(batch.length);
        return undefined;
      }
      if (this.#stop.signal.aborted) break;
      this.#noteFailure(fault);
      const oldest = Date.now() - this.#parts.hook.retryTime;
      const [first, ...others] = batch.filter(({ time }) => time >= oldest);
      const kept = this.#underWay = first === undefined ? 0 : others.length + 1;
      this.noteDropped("expired", batch.length - kept + this.#queue.dropOlder(oldest));
      await this.#pause(this.#nextPause());
      if (first === undefined) return undefined;
      if (kept < batch.length) return [first, ...others];
    }
    this.noteDropped("stopped", batch.length);
    return undefined;
  }

  async #attempt(
    body: Uint8Array<ArrayBuffer>,
    signature: string,
  ): Promise<string | undefined> {
    const { hook: { url, timeout }, app: { key } } = this.#parts;
    const headers = {
      "Content-Type": "application/json",
      "User-Agent": "async-deno",
      "X-Pusher-Key": key,
      "X-Pusher-Signature": signature,
    };
    return await post({ url, body, headers, timeout, stop: this.#stop.signal });
  }

  async #sign(body: Uint8Array<ArrayBuffer>): Promise<string> {
    const signature = await crypto.subtle.sign("HMAC", await this.#key, body);
    return encodeHex(signature);
  }

  #noteSuccess(events: number): void {
    this.#requests.ok++;
    this.#delivered += events;
    if (this.#failures > 0) {
      const { full, expired } = this.#dropped;
      const lost = full + expired === 0
        ? ""
        : `; since the start, ${eventCount(full + expired)} dropped`;
      this.#parts.inform(`${this.#name} takes events again${lost}`);
    }
    this.#failures = 0;
  }

  #noteFailure(fault: string): void {
    this.#requests.failed++;
    this.#failures++;
    if (this.#failures > 1) return;
    this.#parts.warn(`${this.#name} failed: ${fault}; it is tried again`);
  }

  /** For the operator: without the query of the address, which may be secret. */
  get #name(): string {
    const { app, hook, number } = this.#parts;
    const { origin, pathname } = new URL(hook.url);
    return `webhook ${number} of ${app.name}, ${origin}${pathname},`;
  }

  #nextPause(): number {
    // At a stop there is no time to be polite.
    const failures = this.#isClosing ? 1 : this.#failures;
    const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(failures - 1, 16));
    return longest * (0.5 + Math.random() / 2);
  }

  #pause(milliseconds: number): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => (clearTimeout(timer), resolve());
    });
  }
}

/** The body of a batch; its time is that of its oldest event, so that the receiver sees how late it is. */
function bodyOf(batch: Batch): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [UTF8.encode(`{"time_ms":${batch[0].time},"events":[`)];
  batch.forEach(({ json }, i) => parts.push(...(i === 0 ? [json] : [COMMA, json])));
  parts.push(END);
  return concatBytes(parts);
}

function eventCount(count: number): string {
  return count === 1 ? "1 event was" : `${count} events were`;
}
