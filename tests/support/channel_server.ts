/**
 * A real server with channels in the process of the test, and real clients of it: `centrifuge` from npm over npm `ws`.
 *
 * In: the options of namespaces. Out: a server on a free port with its own worker threads, and clients, each of which knows which
 * worker serves it. Disposing it disconnects the clients and stops the server.
 */

import "./load_libc.ts";
import type { Centrifuge, SubscribedContext } from "npm:centrifuge@5.8.0";
import type { ChannelLimits, ChannelsConfig } from "../../runtime/config/mod.ts";
import { CHANNEL_LIMITS, CHANNEL_OPTIONS, NO_TOKENS } from "../../runtime/config/mod.ts";
import { type Config, DEFAULT_CONFIG, Executor } from "../../runtime/mod.ts";
import { type ChannelClient, ChannelClients } from "./channel_clients.ts";
import { OPEN } from "./channel_options.ts";
import { OVER_DENO_TRANSPORT } from "./suite_transport.ts";
import { waitFor, within } from "./wait_for.ts";

export type { ChannelClient } from "./channel_clients.ts";

/** A config: no tokens, everybody may connect. */
export const OPEN_CHANNELS: ChannelsConfig = {
  options: CHANNEL_OPTIONS,
  namespaces: { chat: OPEN, closed: CHANNEL_OPTIONS },
  allowAnonymousConnect: true,
  token: NO_TOKENS,
  apiKey: undefined,
};

/**
 * Milliseconds within which a client must send something, and between pings. Thousands of them share the thread of the tests, which the
 * other tests of a busy machine keep from its core for longer than the defaults allow.
 */
const PATIENCE = 300_000;
const TOLERANT = { commandsPerSecond: 1_000_000, connectTime: PATIENCE, pingTime: PATIENCE };

/** Changes of the config. */
export interface ServerMore extends Omit<Partial<Config>, "channelLimits"> {
  readonly channelLimits?: Partial<ChannelLimits>;
  readonly workerModule?: URL;
}

/** A running server. */
export class ChannelServer extends ChannelClients implements AsyncDisposable {
  readonly executor: Executor;
  /** What the server warned of. */
  readonly warnings: readonly string[];

  private constructor(executor: Executor, warnings: readonly string[]) {
    super(executor.address.port);
    this.executor = executor;
    this.warnings = warnings;
  }

  /** Starts one with two workers. */
  static async start(
    channels: ChannelsConfig = OPEN_CHANNELS,
    { workerModule, channelLimits = {}, ...more }: ServerMore = {},
  ): Promise<ChannelServer> {
    const warnings: string[] = [];
    const config: Config = {
      ...DEFAULT_CONFIG,
      transport: OVER_DENO_TRANSPORT ? "deno" : "auto",
      workers: 2,
      hostname: "127.0.0.1",
      port: 0,
      log: "off",
      limits: { ...DEFAULT_CONFIG.limits, headTime: PATIENCE },
      channels,
      channelLimits: { ...CHANNEL_LIMITS, ...TOLERANT, ...channelLimits },
      ...more,
    };
    const executor = await Executor.start(config, {
      warn: (text) => void warnings.push(text),
      ...(workerModule === undefined ? {} : { workerModule }),
    });
    return new ChannelServer(executor, warnings);
  }

  /** Connects clients until each of two workers serves at least `count`. */
  async clientsOnBoth(count: number): Promise<[ChannelClient[], ChannelClient[]]> {
    const both: [ChannelClient[], ChannelClient[]] = [[], []];
    for (let i = 0; both.some(({ length }) => length < count); i++) {
      if (i > 200) throw new Error("one worker serves no client");
      const client = this.client();
      await connected(client);
      both[client.worker()]?.push(client);
    }
    return both;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disconnectAll();
    this.executor.stop();
    await this.executor.ended;
  }
}

/** Connects it, and waits for that. */
export async function connected({ centrifuge }: ChannelClient): Promise<void> {
  centrifuge.connect();
  await within(centrifuge.ready(), { what: "a connection" });
}

/** What a subscription has got. */
export interface Received {
  /** The data of its publications. */
  readonly data: unknown[];
  /** Their offsets. */
  readonly offsets: number[];
  /** Contexts of `subscribed`. */
  readonly subscribed: SubscribedContext[];
  /** Codes of `unsubscribed`. */
  readonly unsubscribed: number[];
  /** Codes of errors. */
  readonly errors: number[];
}

/** Subscribes; the promise is fulfilled when that was answered. */
export async function subscribe(
  { centrifuge }: ChannelClient,
  channel: string,
  options: Record<string, unknown> = {},
): Promise<Received> {
  const received: Received = {
    data: [],
    offsets: [],
    subscribed: [],
    unsubscribed: [],
    errors: [],
  };
  const subscription = centrifuge.newSubscription(channel, options);
  subscription.on("publication", ({ data, offset }: { data: unknown; offset?: number }) => {
    received.data.push(data);
    received.offsets.push(offset ?? 0);
  });
  subscription.on("subscribed", (context: SubscribedContext) => {
    received.subscribed.push(context);
  });
  subscription.on("unsubscribed", ({ code }: { code: number }) => {
    received.unsubscribed.push(code);
  });
  subscription.on("error", ({ error }: { error: { code: number } }) => {
    received.errors.push(error.code);
  });
  subscription.subscribe();
  await waitFor(
    () => received.subscribed.length > 0 || received.unsubscribed.length > 0,
    { what: () => `the answer to the subscription; errors: ${received.errors}` },
  );
  return received;
}

/**
 * Publishes; false: the store was busy, which is a temporary error. On an overloaded machine the holder of its lock may be kept from
 * its core for long.
 */
export async function isPublished(
  client: Centrifuge,
  channel: string,
  data: unknown,
): Promise<boolean> {
  try {
    await client.publish(channel, data);
    return true;
  } catch (error) {
    if ((error as { readonly temporary?: boolean }).temporary !== true) throw error;
    return false;
  }
}
