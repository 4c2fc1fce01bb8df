/**
 * The config of the proxy of channels: a backend that is asked by HTTP what clients may do.
 *
 * In: the section `channels.proxy` of the configuration file, checked in runtime/cli/channels/. Out: plain data, a part of the config of
 * channels. Which channels it is asked about is an option of their namespace. The names of the events are those of Centrifugo. The proxies
 * in front of the server are in proxy.ts.
 */

/** What a backend can be asked about. */
export const PROXY_EVENTS = [
  "connect",
  "refresh",
  "subscribe",
  "publish",
  "sub_refresh",
  "rpc",
] as const;
/** One of {@link PROXY_EVENTS}. */
export type ProxyEvent = (typeof PROXY_EVENTS)[number];

/** Those of them about which each namespace decides by itself whether the backend is asked. */
export const CHANNEL_PROXY_EVENTS = ["subscribe", "publish", "sub_refresh"] as const;
/** One of {@link CHANNEL_PROXY_EVENTS}. */
export type ChannelProxyEvent = (typeof CHANNEL_PROXY_EVENTS)[number];

/** The proxy. */
export interface ChannelProxyConfig {
  /** Addresses that begin with http:// or https://; an event without one is not asked about. */
  readonly endpoints: Readonly<Partial<Record<ProxyEvent, string>>>;
  /** Milliseconds for one request. */
  readonly timeout: number;
  /** Requests under way, at most, for each worker. */
  readonly requests: number;
  /** Fields of a client's request that are passed on, in lower case. */
  readonly httpHeaders: readonly string[];
  /** Fields that a client may send in place of them in its connect command, in lower case. */
  readonly emulatedHeaders: readonly string[];
  /** Whether the requests after connect have what connect has returned as `meta`. */
  readonly includesMeta: boolean;
}

/** Defaults of {@link ChannelProxyConfig}. */
export const CHANNEL_PROXY: Omit<ChannelProxyConfig, "endpoints"> = {
  // As in Centrifugo: a client waits for the answer.
  timeout: 1000,
  // Each has a descriptor. With answers after 20 ms they are 6,400 requests a second.
  requests: 128,
  httpHeaders: [],
  emulatedHeaders: [],
  includesMeta: false,
};
