/**
 * Clients without sockets: on a real store and hub, with a clock that the test sets, and a link that keeps what is sent.
 *
 * In: options and limits. Out: clients that take commands as text and give replies as objects.
 */

import type { Disconnect } from "../../../../protocol/centrifuge/mod.ts";
import { FRAMINGS } from "../../../../protocol/centrifuge/mod.ts";
import {
  CHANNEL_LIMITS,
  CHANNEL_OPTIONS,
  type ChannelLimits,
  type ChannelsConfig,
} from "../../../../runtime/config/mod.ts";
import { type Deferred, TimerWheel } from "../../../../runtime/net/mod.ts";
import { Counters } from "../../../../runtime/ring/mod.ts";
import { COUNTER_COLUMNS } from "../../../../runtime/ring/layout.ts";
import type { ChannelContext } from "../../../../runtime/serve/centrifuge/channel_context.ts";
import { type Broker, StoreBroker } from "../../../../runtime/serve/broker/mod.ts";
import { ChannelMeter } from "../../../../runtime/serve/centrifuge/channel_meter.ts";
import { Client } from "../../../../runtime/serve/centrifuge/client.ts";
import type { ClientState } from "../../../../runtime/serve/centrifuge/client_state.ts";
import { ClientDirectory } from "../../../../runtime/serve/centrifuge/client_directory.ts";
import type { ClientHooks } from "../../../../runtime/serve/centrifuge/client_hooks.ts";
import type { ClientLink } from "../../../../runtime/serve/centrifuge/client_link.ts";
import { conflationRules } from "../../../../runtime/serve/centrifuge/conflated_channels.ts";
import { ConnectedUsers } from "../../../../runtime/serve/centrifuge/connected_users.ts";
import { DeltaCache } from "../../../../runtime/serve/centrifuge/delta_cache.ts";
import { DrainSpread } from "../../../../runtime/serve/centrifuge/drain_spread.ts";
import { HeldBytes } from "../../../../runtime/serve/centrifuge/held_bytes.ts";
import { differenceOf } from "../../../../runtime/serve/centrifuge/publication_fields.ts";
import { RateLimiter } from "../../../../runtime/serve/centrifuge/rate_limiter.ts";
import { TurnBudget } from "../../../../runtime/serve/centrifuge/turn_budget.ts";
import { UserConnections } from "../../../../runtime/serve/centrifuge/user_connections.ts";
import { Wire } from "../../../../runtime/serve/centrifuge/wire.ts";
import { ChannelRules } from "../../../../runtime/serve/channels/mod.ts";
import { Hub } from "../../../../runtime/serve/hub/mod.ts";
import type { TokenVerifier } from "../../../../runtime/serve/tokens/mod.ts";
import { OPEN } from "../../../support/channel_options.ts";
import { Stores, textOf, utf8 } from "../../channels/stores.ts";

/** A reply or push, as JSON. */
// deno-lint-ignore no-explicit-any -- tests look into replies of any kind
export type Reply = any;

/** If so many bytes are queued for a client, more are dropped. */
const LINK_BYTES = 1024 * 1024;
/** If a client has not read so many, it is slow. */
export const SLOW_BYTES = 512 * 1024;

/** Keeps what is sent. */
class FakeLink implements ClientLink<string> {
  readonly wire: Wire<string>;
  readonly sent: string[] = [];
  ended: Disconnect | undefined;
  /** Whether everything is dropped, as if too much waited. */
  isFull = false;
  /** Whether the client reads at once. */
  isReading = true;
  /** What it has not read. */
  queuedBytes = 0;

  constructor(wire: Wire<string>) {
    this.wire = wire;
  }

  send(bytes: Uint8Array, start: number, end: number): boolean {
    return this.sendShared(textOf(bytes.subarray(start, end)));
  }

  sendShared(message: string): boolean {
    if (this.isFull || this.queuedBytes > LINK_BYTES) return false;
    if (!this.isReading) this.queuedBytes += message.length;
    this.sent.push(message);
    return true;
  }

  disconnect(reason: Disconnect): void {
    this.ended = reason;
  }
}

/** One client with its link. */
export class BenchClient {
  readonly link: FakeLink;
  readonly client: Client;
  readonly #bench: ClientBench;
  #lastId = 0;

  /** @param state of a client that another process has given up; absent: it is a new one */
  constructor(bench: ClientBench, state?: ClientState) {
    this.#bench = bench;
    this.link = new FakeLink(bench.wire);
    this.client = new Client(bench.context, this.link, bench.directory, state?.id);
    if (state !== undefined) this.client.resume(state);
  }

  /** Sends one message with these commands, which get their ids; returns what came back so far, by lines. */
  async send(...commands: readonly Record<string, unknown>[]): Promise<Reply[]> {
    const lines = commands.map((command) => JSON.stringify({ id: ++this.#lastId, ...command }));
    return await this.sendText(lines.join("\n"));
  }

  /** Sends a message. */
  async sendText(text: string): Promise<Reply[]> {
    const bytes = utf8(text);
    this.#bench.beginTurn();
    this.client.receive(bytes, 0, bytes.length);
    bytes.fill(0x20); // the bytes are valid until then
    await this.#bench.followed();
    return this.take();
  }

  /** The client reads all that is queued for it. */
  async read(): Promise<Reply[]> {
    this.#bench.beginTurn();
    this.link.queuedBytes = 0;
    this.client.drained();
    await this.#bench.followed();
    return this.take();
  }

  /** What came since the last time. */
  take(): Reply[] {
    return this.link.sent.splice(0).flatMap((message) => message.split("\n"))
      .map((line) => JSON.parse(line));
  }

  /** Connects. */
  async connect(): Promise<this> {
    await this.send({ connect: {} });
    return this;
  }
}

/** What a bench is made with. */
export interface BenchOptions {
  readonly config?: Partial<ChannelsConfig>;
  readonly limits?: Partial<ChannelLimits>;
  readonly verifier?: Pick<TokenVerifier, "connection" | "subscription">;
  readonly hooks?: ClientHooks;
  readonly stores?: Stores;
  /** Keeps the channels in place of the store. */
  readonly engine?: Broker;
  /** Which one it is; default: the first. */
  readonly worker?: number;
  /** If a client has not read so many bytes, it is slow. */
  readonly slowBytes?: number;
}

/** One worker's clients. */
export class ClientBench {
  /** Nobody may do anything without a token. */
  static readonly closed = CHANNEL_OPTIONS.access;
  readonly stores: Stores;
  readonly timers = new TimerWheel(0);
  readonly context: ChannelContext;
  readonly counters = new Counters(new Float64Array(COUNTER_COLUMNS));
  readonly meter = new ChannelMeter(this.counters, (column) => this.counters.get(column));
  readonly directory: ClientDirectory;
  readonly wire = new Wire<string>({
    transport: "websocket",
    framing: FRAMINGS.websocket,
    seal: (bytes, start, end) => textOf(bytes.subarray(start, end)),
    meter: this.meter,
  });
  /** Milliseconds of the loop's clock. */
  now = 0;
  /** So much older is the time of the loop's turn: more than 0 in a promise during a wait. */
  waited = 0;
  /** What the operator is told. */
  readonly reported: unknown[] = [];
  readonly #deferred: Deferred[] = [];
  readonly #followed: Promise<void>[] = [];

  constructor(
    { config, limits, verifier, hooks, stores = new Stores(256 * 1024), engine, ...more }:
      BenchOptions = {},
  ) {
    const { worker = 0, slowBytes = SLOW_BYTES } = more;
    this.stores = stores;
    const store = stores.threads[worker]!;
    const connectedUsers = new ConnectedUsers(store, worker);
    this.directory = new ClientDirectory(this.meter, connectedUsers);
    const { timers } = this;
    const getNow = () => this.now;
    const getTurn = () => this.now - this.waited;
    const os = { preciseMilliseconds: getNow, epochMilliseconds: () => 0 };
    const loop = {
      get now() {
        return getTurn();
      },
      os,
      timers,
      gather: () => {},
      defer: (deferred: Deferred) => void this.#deferred.push(deferred),
    };
    const all = { ...CHANNEL_LIMITS, ...limits };
    const namespaces = { chat: OPEN, closed: CHANNEL_OPTIONS };
    const rules = new ChannelRules({ options: CHANNEL_OPTIONS, namespaces, ...config }, {
      nameBytes: all.nameBytes,
      exceeded: () => this.meter.limitExceeded("channel_name"),
    });
    this.context = {
      store,
      broker: engine ?? new StoreBroker(store),
      hub: new Hub({
        store,
        loop,
        report: (error) => {
          throw error;
        },
        conflation: conflationRules({
          rules,
          meter: this.meter,
          os,
        }),
      }),
      rules,
      limits: all,
      users: new UserConnections(store, all.connectionsPerUser),
      connectedUsers,
      rates: new RateLimiter({ store, meter: this.meter, loop }),
      verifier,
      allowsAnonymous: config?.allowAnonymousConnect ?? true,
      isInsecure: false,
      hooks,
      loop,
      node: String(worker),
      version: "test",
      epochSeconds: () => 1_700_000_000 + this.now / 1000,
      random: () => 0.5,
      meter: this.meter,
      drain: new DrainSpread(loop, all.drainSpread),
      turn: new TurnBudget(loop),
      held: new HeldBytes(4 * all.messageBytes),
      deltas: new DeltaCache(differenceOf),
      newest: new HeldBytes(slowBytes),
      slowBytes,
      follow: (promise) => void this.#followed.push(promise),
      report: (error) => void this.reported.push(error),
    };
  }

  /** A client that is not connected. */
  client(): BenchClient {
    return new BenchClient(this);
  }

  /** One that another process has given up. */
  moved(state: ClientState): BenchClient {
    return new BenchClient(this, state);
  }

  /** The next turn of the loop is at another time, if only by a microsecond. */
  beginTurn(): void {
    this.now += 0.001;
  }

  /** All promises are settled. */
  async followed(): Promise<void> {
    while (this.#followed.length > 0) await this.#followed.shift();
  }

  /** One turn of the loop. */
  turn(): void {
    this.beginTurn();
    for (const deferred of this.#deferred.splice(0)) deferred.onTurn();
    this.context.hub.flush();
  }

  /** Lets time pass, with the timers of it. */
  pass(milliseconds: number): void {
    const end = this.now + milliseconds;
    while (this.now < end) {
      this.now = Math.min(end, this.now + 100);
      this.timers.expire(this.now);
    }
  }

  /** Turns of the loop. */
  settle(): void {
    do this.turn(); while (this.#deferred.length > 0);
  }
}
