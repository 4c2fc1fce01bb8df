/**
 * The section `channels.proxy` of the configuration file: the backend that is asked what clients may do.
 *
 * In: the reader of the table, and which events a namespace asks about. Out: the proxy; a fault for each wrong value, and for what would
 * never be sent. Connects to nothing.
 */

import {
  CHANNEL_PROXY,
  CHANNEL_PROXY_EVENTS,
  type ChannelOptions,
  type ChannelProxyConfig,
  type ChannelProxyEvent,
  PROXY_EVENTS,
  type ProxyEvent,
} from "../../config/mod.ts";
import { readUrl, refuseOutside } from "./checked_values.ts";
import type { TableReader } from "./table_reader.ts";

const LEAST_TIMEOUT = 10;
const MOST_TIMEOUT = 60_000;
const MOST_REQUESTS = 10_000;

/** RFC 9110 section 5.6.2. */
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What belongs to one connection, or to the body. */
const NOT_PASSED_ON =
  /^(?:connection|content-.*|expect|host|keep-alive|proxy-.*|sec-websocket-.*|te|trailer|transfer-encoding|upgrade)$/;

/** Reads the section. @param all the options of all channels */
export function readProxySection(
  reader: TableReader,
  all: readonly ChannelOptions[],
): ChannelProxyConfig {
  const endpoints: Partial<Record<ProxyEvent, string>> = {};
  for (const event of PROXY_EVENTS) {
    const url = readUrl(reader, `${event}_endpoint`, "put a secret into the path or the query");
    if (url !== undefined) endpoints[event] = url;
  }
  const timeout = reader.time("timeout");
  const requests = reader.integer("max_requests", MOST_REQUESTS, 1);
  const httpHeaders = readFields(reader, "http_headers");
  const emulatedHeaders = readFields(reader, "emulated_headers");
  const includesMeta = reader.flag("include_connection_meta");
  const unknown = reader.end();
  refuseOutside(reader, "timeout", timeout, [LEAST_TIMEOUT, MOST_TIMEOUT, '"10ms" to "1m"']);
  for (const fault of withoutEffect(reader, all, unknown)) reader.fault(fault);
  return {
    endpoints,
    timeout: timeout || CHANNEL_PROXY.timeout,
    requests: requests || CHANNEL_PROXY.requests,
    httpHeaders,
    emulatedHeaders,
    includesMeta,
  };
}

/** A fault for each namespace whose events go nowhere. */
export function refuseWithoutEndpoint(
  reader: TableReader,
  { proxied }: ChannelOptions,
  hasEndpoint: (event: ChannelProxyEvent) => boolean,
): void {
  for (const event of proxied.filter((one) => !hasEndpoint(one))) {
    reader.fault(
      `${event}_proxy_enabled has no effect without ${event}_endpoint in [channels.proxy]`,
    );
  }
  if (proxied.includes("sub_refresh") && !proxied.includes("subscribe")) {
    reader.fault("sub_refresh_proxy_enabled has no effect without subscribe_proxy_enabled");
  }
}

/** @param unknown so many keys are none: one of them may be meant as an endpoint */
function withoutEffect(
  reader: TableReader,
  all: readonly ChannelOptions[],
  unknown: number,
): string[] {
  if (!PROXY_EVENTS.some((event) => reader.has(`${event}_endpoint`))) {
    if (unknown > 0) return [];
    return ["there is no endpoint: name at least one, as connect_endpoint"];
  }
  const unused = CHANNEL_PROXY_EVENTS.filter((event) =>
    reader.has(`${event}_endpoint`) && !all.some(({ proxied }) => proxied.includes(event))
  );
  const needConnect = ["refresh_endpoint", "emulated_headers", "include_connection_meta"]
    .filter((key) => reader.has(key) && !reader.has("connect_endpoint"));
  return [
    ...unused.map((event) =>
      `${event}_endpoint has no effect without ${event}_proxy_enabled = true in [channels] or a namespace`
    ),
    ...needConnect.map((key) => `${key} has no effect without connect_endpoint`),
  ];
}

function readFields(reader: TableReader, key: string): readonly string[] {
  const names = reader.texts(key).map((name) => name.toLowerCase());
  for (const name of names) {
    if (!FIELD_NAME.test(name)) reader.fault(`${key}: "${name}" is no name of a header field`);
    else if (name.includes("*")) {
      reader.fault(`${key}: "${name}" stands for no others here, name each header field`);
    } else if (NOT_PASSED_ON.test(name)) {
      reader.fault(`${key}: ${name} is about one connection or its body, and cannot be passed on`);
    }
  }
  return [...new Set(names)];
}
