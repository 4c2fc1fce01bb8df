/**
 * Everything about channels in one worker: its store, its hub, its clients, and the routes to them.
 *
 * In: the config, the memory that all threads share, and how to wake other workers. Out: routes for the router. Made once in
 * a thread, before the sessions' context: the hub must be the first that gathers in the loop.
 */

import type { ChannelLimits, ChannelsConfig, Config } from "../../config/mod.ts";
import { type ChannelStore, openChannelStore } from "../../channels/mod.ts";
import type { Gatherer, Loop } from "../../net/mod.ts";
import type { Column, Counters } from "../../ring/mod.ts";
import {
  ALL_WORKERS,
  ANY_WORKER,
  type Broker,
  type ChannelWatch,
  ControlSender,
  type Peers,
  StoreBroker,
  toWorker,
  watchedBroker,
} from "../broker/mod.ts";
import type { ServerFacts } from "../../thread/mod.ts";
import { ChannelRules } from "../channels/mod.ts";
import { DeliveryTimer, Hub } from "../hub/mod.ts";
import type { Route } from "../session/mod.ts";
import type { ChannelSecrets } from "../tokens/mod.ts";
import type { ChannelContext } from "./channel_context.ts";
import type { ClientHooks } from "./client_hooks.ts";
import { ConnectionControl } from "./api_control.ts";
import type { RequestSender } from "./api_method.ts";
import { apiRoutes } from "./api_route.ts";
import { ChannelMeter } from "./channel_meter.ts";
import { ConnectedUsers } from "./connected_users.ts";
import { type ControlHandler, ControlListener } from "./control_channel.ts";
import { ClientDirectory } from "./client_directory.ts";
import { conflationRules } from "./conflated_channels.ts";
import { DeltaCache } from "./delta_cache.ts";
import { DrainSpread } from "./drain_spread.ts";
import { HeldBytes } from "./held_bytes.ts";
import { differenceOf } from "./publication_fields.ts";
import { RateLimiter } from "./rate_limiter.ts";
import { Servers } from "./servers.ts";
import { nodeName, SessionNames } from "./session_names.ts";
import { streamRoutes } from "./stream_routes.ts";
import { StreamSessions } from "./stream_sessions.ts";
import { TransferRate } from "./transfer_rate.ts";
import { TurnBudget } from "./turn_budget.ts";
import { UserConnections } from "./user_connections.ts";
import { channelSocketRoute, WEBSOCKET_PATH } from "./websocket_route.ts";

/** The longest messages that a worker holds because they cannot be carried out yet. */
const HELD_MESSAGES = 64;

/** Newest messages for slow clients, of all clients of a worker together: as much as this many of them may have queued. */
const NEWEST_QUEUES = 16;

/** A client that has not read this share of what may be queued for it is slow: the rest is for replies and pings. */
const SLOW_SHARE = 1 / 2;

/** How a thread takes part in the channels. */
export interface ChannelWiring {
  /** Made by `createChannelMemory`. */
  readonly memory: SharedArrayBuffer;
  readonly server: ServerFacts;
  /** The number of this worker. */
  readonly worker: number;
  /** Milliseconds of a clock that all threads share and that is never set back. */
  now(): number;
  /** How many workers there are. */
  readonly workers: number;
  /** Those of this thread. */
  readonly counters: Counters;
  /** Calls a gatherer after what sends, from the first turn on; absent: there are no metrics, so nothing is measured. */
  readonly gatherLast?: ((gatherer: Gatherer) => void) | undefined;
  /** The sum of a column over all threads. */
  total(column: Column): number;
  /** Wakes another worker, so that its loop has a turn. */
  ring(worker: number): void;
  /** What keeps the channels, if it is not the store; its memory was made for an engine. */
  engine?(store: ChannelStore): Broker;
  /** The servers of that engine. */
  readonly peers?: Peers;
  /** Is told which channels have subscribers and members of this worker; absent: nobody is. */
  readonly watch?: ChannelWatch | undefined;
  /** Lets a promise settle: the loop blocks only while none is pending. */
  follow(promise: Promise<void>): void;
  /** Counts an error of ours, and tells the operator. */
  report(error: unknown): void;
}

/** What a service is made with. */
export interface ChannelServiceParts {
  readonly config: ChannelsConfig;
  readonly secrets: ChannelSecrets;
  readonly wiring: ChannelWiring;
  readonly loop: Loop;
  /** Other origins whose pages may connect. */
  readonly origins: Config["origins"];
  readonly limits: ChannelLimits;
  /** Bytes that may be queued for a client: `--max-queued`. */
  readonly queuedBytes: number;
  /** Time between a stop and its end: `--drain-timeout`. */
  readonly drainTime: number;
  /** What somebody else decides about clients; absent: nobody does. */
  readonly hooks?: ClientHooks | undefined;
  /** Whether every client may do everything; default: false. */
  readonly isInsecure?: boolean;
}

/** The time over which clients end; what is left at the end of the drain is cut off. */
function spreadWithin(drainTime: number, spread: number): number {
  return spread < drainTime ? spread : drainTime / 2;
}

/** The channels of one worker. */
export class ChannelService {
  /** The endpoints, by their paths. */
  readonly routes: readonly (readonly [path: string, route: Route])[];
  /** What all clients of this worker share, also those of other endpoints. */
  readonly context: ChannelContext;
  /** Where backends find the clients. */
  readonly directory: ClientDirectory;
  /** All servers of an engine, or this one. */
  readonly servers: Servers;
  /** Carries what concerns connections to the workers that have them. */
  readonly control: RequestSender;
  readonly #hub: Hub;
  readonly #sessions: StreamSessions;

  constructor(
    { config, secrets, wiring, loop, origins, limits, isInsecure = false, ...parts }:
      ChannelServiceParts,
  ) {
    const { queuedBytes, drainTime, hooks } = parts;
    const { memory, worker, now, ring, watch } = wiring;
    const report = (error: unknown) => wiring.report(error);
    const store = openChannelStore(memory, {
      writer: worker,
      now,
      onMarked: () => this.#hub.wake(),
      // The hub rings, and then reads what is for this worker.
      ring: (other) => other === worker ? undefined : ring(other),
    });
    const broker = wiring.engine?.(store) ?? new StoreBroker(store);
    const timer = wiring.gatherLast && new DeliveryTimer(loop.os, wiring.counters);
    if (timer !== undefined) wiring.gatherLast?.(timer);
    const meter = new ChannelMeter(wiring.counters, (column) => wiring.total(column), timer);
    const { nameBytes } = limits;
    const exceeded = () => meter.limitExceeded("channel_name");
    const rules = new ChannelRules(config, { nameBytes, exceeded });
    const conflation = conflationRules({ rules, meter, os: loop.os });
    this.#hub = new Hub({ store, loop, report, conflation, watch, timer });
    const context: ChannelContext = {
      store,
      broker: watch === undefined ? broker : watchedBroker(broker, watch),
      watch,
      hub: this.#hub,
      rules,
      limits,
      users: new UserConnections(store, limits.connectionsPerUser),
      connectedUsers: new ConnectedUsers(store, worker),
      rates: new RateLimiter({ store, meter, loop }),
      verifier: secrets.verifier,
      allowsAnonymous: config.allowAnonymousConnect,
      isInsecure,
      hooks,
      loop,
      node: nodeName(worker, wiring.peers === undefined ? "" : store.epochText(0)),
      version: "async-deno",
      epochSeconds: () => loop.os.epochMilliseconds() / 1000,
      random: Math.random,
      meter,
      drain: new DrainSpread(loop, spreadWithin(drainTime, limits.drainSpread)),
      turn: new TurnBudget(loop),
      held: new HeldBytes(HELD_MESSAGES * limits.messageBytes),
      deltas: new DeltaCache(differenceOf),
      newest: new HeldBytes(NEWEST_QUEUES * queuedBytes),
      slowBytes: queuedBytes * SLOW_SHARE,
      follow: (promise) => wiring.follow(promise),
      report,
    };
    const directory = new ClientDirectory(meter, context.connectedUsers);
    this.context = context;
    this.directory = directory;
    const channel = { hub: this.#hub, loop, report };
    const sender = new ControlSender(store);
    new ControlListener(channel, ALL_WORKERS, new ConnectionControl(context, directory));
    const servers = this.servers = new Servers(context, wiring.server, wiring.peers);
    const control = this.control = wiring.peers ?? sender;
    if (worker === 0 && wiring.peers) new ControlListener(channel, ANY_WORKER, servers);
    const names = new SessionNames(store.sharedKey);
    const { workers, peers } = wiring;
    const sessions = this.#sessions = new StreamSessions({ context, directory, names });
    new ControlListener(channel, toWorker(worker), sessions);
    const rate = new TransferRate({
      messages: limits.commandsPerSecond,
      sessionBytes: limits.messageBytes,
      // Half of a second of what the feed holds.
      bytes: 4 * store.maxEntryBytes,
    });
    const { apiKey } = secrets;
    this.routes = [
      [WEBSOCKET_PATH, channelSocketRoute(context, directory)],
      ...streamRoutes({ context, sessions, sender, origins, workers, peers, names, rate }),
      ...apiKey === undefined ? [] : apiRoutes({ context, control, servers }, apiKey),
    ];
  }

  /** The store is about to become that of the server which this one replaces. Nobody uses it until it is there. */
  awaitStore(): void {
    this.#hub.awaitStore();
    this.#sessions.awaitStore();
  }

  /** From now on, `handler` gets the requests of all workers too; it ignores those whose words it does not know. */
  addControlHandler(handler: ControlHandler): void {
    new ControlListener(this.context, ALL_WORKERS, handler);
  }
}
