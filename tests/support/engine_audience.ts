/**
 * Many clients of several servers, each of which keeps account of what it was told.
 *
 * In: the servers, as a load balancer knows them, and what was published. Out: for each client what it got in unbroken runs of
 * offsets, what was reported lost between two of them, and what was wrong: an offset twice, out of order, or behind a gap that
 * nobody reported; a publication that the API confirmed and that is neither there nor reported.
 *
 * `ENGINE_PATIENCE=5` is the clients' own default, in seconds. All clients share one thread: if they are many, they give up with it
 * while the thread is busy with the others' new connections, all of them come again, and none is ever done.
 */

import { assertEquals } from "@std/assert";
import { Centrifuge } from "npm:centrifuge@5.8.0";
import { WebSocket } from "npm:ws@8.18.3";
import { waitFor } from "./wait_for.ts";

/** Milliseconds before a connection is tried again: at least and at most. */
const RECONNECT_MS = [50, 1_000] as const;
/** A busy machine needs its time for thousands of clients that come back. */
const TIMEOUT_MS = 120_000;
/** Milliseconds until a client gives up what it has asked, and takes a silent connection for dead. */
const PATIENCE_MS = 1_000 * Number(Deno.env.get("ENGINE_PATIENCE") ?? 60);
/** Milliseconds between two looks at how late the thread of all clients is. */
const LAG_INTERVAL_MS = 50;

/** The servers that take connections, of which each new one gets a random one. */
export class Balancer {
  /** WebSocket endpoints. */
  readonly urls: Set<string>;

  constructor(urls: readonly string[]) {
    this.urls = new Set(urls);
  }

  /** A server for a new connection. */
  next(): string {
    const urls = [...this.urls];
    return urls[Math.floor(Math.random() * urls.length)]!;
  }
}

/** What the API confirmed. */
export interface Confirmed {
  readonly channel: string;
  readonly epoch: string;
  readonly offset: number;
}

/** Offsets that came one after another without a report between them: `after` is the position before the first one. */
interface UnbrokenRun {
  readonly epoch: string;
  readonly after: number;
  last: number;
}

/** A client that is subscribed to one channel. */
export class Listener implements Disposable {
  readonly channel: string;
  /** What it got, in order of time. */
  readonly runs: UnbrokenRun[] = [];
  /** What was wrong. */
  readonly faults: string[] = [];
  publications = 0;
  /** Those whose offset it had already, and those behind a gap that nobody has reported. */
  repeated = 0;
  gaps = 0;
  /** Connections that it lost. */
  reconnects = 0;
  readonly #centrifuge: Centrifuge;
  #isSubscribed = false;
  #trouble = "never connected";

  /** Connects and subscribes. */
  constructor(balancer: Balancer, channel: string) {
    this.channel = channel;
    const [minReconnectDelay, maxReconnectDelay] = RECONNECT_MS;
    this.#centrifuge = new Centrifuge("ws://any", {
      // A function that returns an object makes `new` return it.
      websocket: function () {
        return new WebSocket(balancer.next());
      },
      minReconnectDelay,
      maxReconnectDelay,
      timeout: PATIENCE_MS,
      maxServerPingDelay: PATIENCE_MS,
    });
    this.#centrifuge.on("connecting", ({ code, reason }) => {
      if (code === 0) return;
      this.reconnects++;
      this.#trouble = `disconnected with ${code} ${reason}`;
    });
    this.#centrifuge.on("error", ({ error }) => this.#trouble = error.message);
    const subscription = this.#centrifuge.newSubscription(channel, {
      recoverable: true,
      minResubscribeDelay: minReconnectDelay,
      maxResubscribeDelay: maxReconnectDelay,
    });
    subscription.on("subscribed", ({ streamPosition, wasRecovering, recovered }) => {
      this.#isSubscribed = true;
      const { epoch, offset } = streamPosition!;
      if (wasRecovering && recovered) return; // what it missed comes as publications
      this.runs.push({ epoch, after: offset, last: offset });
    });
    subscription.on("subscribing", () => this.#isSubscribed = false);
    subscription.on("error", ({ error }) => this.#trouble = error.message);
    subscription.on("publication", ({ offset }) => this.#published(offset!));
    subscription.on("unsubscribed", ({ code }) => this.faults.push(`unsubscribed with ${code}`));
    subscription.subscribe();
    this.#centrifuge.connect();
  }

  get isSubscribed(): boolean {
    return this.#isSubscribed;
  }

  /** What it is doing, and its last trouble, for the message of a failure. */
  get state(): string {
    return this.#isSubscribed ? "subscribed" : `${this.#centrifuge.state}, ${this.#trouble}`;
  }

  /** How often it was told that something was lost. */
  get reported(): number {
    return this.runs.length - 1;
  }

  /** Whether it has this publication, or was told that it is lost. */
  accountsFor(publication: Confirmed): boolean {
    return this.runs.some((run, i) => {
      if (run.epoch === publication.epoch && publication.offset <= run.last) {
        const before = this.runs[i - 1];
        // Behind `after` it came; before it, it was reported, or published before the client was there.
        return publication.offset > run.after || before?.epoch !== run.epoch ||
          publication.offset > before.last;
      }
      const next = this.runs[i + 1];
      return next !== undefined && next.epoch !== run.epoch && this.#isBetween(publication, run);
    });
  }

  /** Whether it got this publication. */
  has({ epoch, offset }: Confirmed): boolean {
    return this.runs.some((run) => run.epoch === epoch && run.after < offset && offset <= run.last);
  }

  /** Whether a new epoch behind this run covers the publication: the end of the old one, or an epoch in between. */
  #isBetween({ epoch, offset }: Confirmed, run: UnbrokenRun): boolean {
    return epoch === run.epoch
      ? offset > run.last
      : this.runs.every((each) => each.epoch !== epoch);
  }

  [Symbol.dispose](): void {
    this.#centrifuge.disconnect();
  }

  #published(offset: number): void {
    const run = this.runs.at(-1)!;
    this.publications++;
    if (offset !== run.last + 1) this.faults.push(`${offset} behind ${run.last}`);
    if (offset <= run.last) this.repeated++;
    else if (offset > run.last + 1) this.gaps++;
    run.last = offset;
  }
}

/** All clients. */
export class Audience implements Disposable {
  readonly listeners: Listener[] = [];
  readonly #balancer: Balancer;
  readonly #timer: ReturnType<typeof setInterval>;
  /** The most milliseconds by which the thread of all clients was late, since they were waited for. */
  #longestLag = 0;

  constructor(balancer: Balancer) {
    this.#balancer = balancer;
    let last = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#longestLag = Math.max(this.#longestLag, now - last - LAG_INTERVAL_MS);
      last = now;
    }, LAG_INTERVAL_MS);
  }

  /** Connects one more client for each of these channels. */
  add(channels: readonly string[]): void {
    for (const channel of channels) this.listeners.push(new Listener(this.#balancer, channel));
  }

  /** Waits until all are subscribed. */
  async subscribed(): Promise<void> {
    const missing = () => this.listeners.filter(({ isSubscribed }) => !isSubscribed);
    this.#longestLag = 0;
    await waitFor(() => missing().length === 0, {
      what: () => `${missing().length} subscriptions: ${this.#states(missing())}`,
      timeoutMs: TIMEOUT_MS,
    });
  }

  /** Waits until the servers are ready, and all are subscribed. */
  async settled(servers: { ready(): Promise<void> }): Promise<void> {
    await servers.ready();
    await this.subscribed();
  }

  /** Waits until each has the last publication of its channel; then nothing may be wrong with what was confirmed. */
  async heard(last: readonly Confirmed[], confirmed: readonly Confirmed[]): Promise<void> {
    await waitFor(() => last.every((one) => this.#of(one).every((each) => each.has(one))), {
      what: () => `the last publications; ${this.faults}`,
      timeoutMs: TIMEOUT_MS,
    });
    assertEquals(this.faults, []);
    const missed = confirmed.flatMap((one) =>
      this.#of(one).filter((each) => !each.accountsFor(one)).map(() => one)
    );
    assertEquals(missed, [], "neither there nor reported as lost");
  }

  /** Some of what was wrong. */
  get faults(): string[] {
    return this.listeners.flatMap(({ channel, faults }) =>
      faults.map((fault) => `${channel}: ${fault}`)
    ).slice(0, 10);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const listener of this.listeners) listener[Symbol.dispose]();
  }

  /** How many are in which state, and whether that may be because their thread is busy. */
  #states(listeners: readonly Listener[]): string {
    const counts = new Map<string, number>();
    for (const { state } of listeners) counts.set(state, (counts.get(state) ?? 0) + 1);
    const states = [...counts].map(([state, count]) => `${count} ${state}`).join("; ");
    return `${states}; their thread was late by up to ${Math.round(this.#longestLag)} ms`;
  }

  #of({ channel }: Confirmed): Listener[] {
    return this.listeners.filter((each) => each.channel === channel);
  }
}
