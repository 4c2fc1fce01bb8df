/**
 * A server with channels that asks a backend, and the backend.
 *
 * In: what the backend answers, and changes of the config. Out: both, and clients. Disposing it ends all.
 */

import type { ChannelProxyConfig, ChannelsConfig, ProxyEvent } from "../../runtime/config/mod.ts";
import { DEFAULT_CONFIG } from "../../runtime/mod.ts";
import {
  type ChannelClient,
  ChannelServer,
  OPEN_CHANNELS,
  type ServerMore,
} from "./channel_server.ts";
import { Metrics } from "./metrics.ts";
import { type Answering, ProxyBackend } from "./proxy_backend.ts";
import { waitFor, within } from "./wait_for.ts";

/** How a client is connected. */
type ClientTransport = "websocket" | "sse" | "http_stream";

const { closed } = OPEN_CHANNELS.namespaces;
/** Nothing is allowed in `asked:`; the backend decides. */
export const CHANNELS: ChannelsConfig = {
  ...OPEN_CHANNELS,
  allowAnonymousConnect: false,
  namespaces: {
    ...OPEN_CHANNELS.namespaces,
    asked: { ...closed!, proxied: ["subscribe", "publish", "sub_refresh"], presence: true },
  },
};
const ADMIN = {
  monitoring: { ...DEFAULT_CONFIG.monitoring, admin: { hostname: "127.0.0.1", port: 0 } },
};
/** The client is ann. */
export const ANN = () => ({ result: { user: "ann" } });

/** A server and its backend. */
export interface Proxied extends AsyncDisposable {
  readonly backend: ProxyBackend;
  readonly server: ChannelServer;
  /** Waits until the sum of a metric is that. */
  counted(name: string, value: number, labels?: Record<string, string>): Promise<void>;
}

/** Starts both. */
export async function startProxied(
  answers: Partial<Record<ProxyEvent, Answering>>,
  proxy: Partial<ChannelProxyConfig> = {},
  more: ServerMore = {},
): Promise<Proxied> {
  const backend = ProxyBackend.start(answers);
  const channels = { ...CHANNELS, proxy: backend.config(proxy) };
  const server = await ChannelServer.start(channels, { ...ADMIN, ...more });
  const { port } = server.executor.adminAddress!;
  return {
    backend,
    server,
    counted: async (name, value, labels = {}) => {
      let found = NaN;
      await waitFor(async () => {
        const metrics = await Metrics.of(`http://127.0.0.1:${port}`);
        found = metrics.sum(`async_deno_${name}`, labels);
        return found === value;
      }, { what: () => `${name} ${JSON.stringify(labels)} to be ${value}; it is ${found}` });
    },
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await backend[Symbol.asyncDispose]();
    },
  };
}

/** A client over a transport. */
export function clientOver(
  server: ChannelServer,
  transport: ClientTransport,
  options: Record<string, unknown> = {},
): ChannelClient {
  return transport === "websocket"
    ? server.client(options)
    : server.streamClient(transport, options);
}

/** Why a client has left for good, or what it was told. */
export function end({ centrifuge }: ChannelClient, event: "disconnected" | "error" | "connected") {
  return within(
    // deno-lint-ignore no-explicit-any -- the context of whatever event
    new Promise<any>((resolve) => centrifuge.on(event, (context: any) => resolve(context))),
    { what: event },
  );
}

/** The error with which a command was answered: its code, its text, and whether it is temporary. */
// deno-lint-ignore no-explicit-any -- the client's own type
export async function errorOf(command: Promise<unknown>): Promise<any> {
  const error = await command.then(() => undefined, (error) => error);
  return [error?.code, error?.message, error?.temporary];
}
