/**
 * The channels of async-deno for the benchmark: the config, and what clients send.
 *
 * In: how many connections come. Out: arguments; the config is written to SCRATCH. Each channel keeps 100 publications. Clients
 * speak the Centrifuge protocol, and offer compaction as the npm package does; publications come by the HTTP API.
 */

import type { ChannelsWire } from "../channels_wire.ts";
import { SCRATCH } from "../paths.ts";

const CONFIG = `${SCRATCH}channels.toml`;
const KEY_FILE = `${SCRATCH}channels.key`;
const KEY = "benchmark-benchmark-benchmark";
/** The default of --max-connections. */
const USUAL_CONNECTIONS = 10_000;
/** Beside the subscribers. */
const OTHER_CONNECTIONS = 100;

const TOML = `
[channels]
allow_anonymous_connect_without_token = true

[channels.namespaces.bench]
history_size = 100
history_ttl = "10m"
allow_recovery = true
allow_subscribe_for_client = true
allow_subscribe_for_anonymous = true

[channels.api]
key_file = "${KEY_FILE}"
`;

const PUBLICATION = '{"channel":"bench:{c}","data":{d}}';
const CONNECT = '{"id":1,"connect":{}}';
const SUBSCRIBE = '{"id":2,"subscribe":{"channel":"bench:{c}","flag":1}}';

/** The wire of async-deno. */
export const ASYNC_DENO_WIRE: ChannelsWire = {
  subscriber: {
    path: "/connection/websocket",
    hello: `${CONNECT}\n${SUBSCRIBE}`,
    ack: '"id":2',
  },
  publisher: { by: "http" },
  post: {
    path: "/api/publish",
    fields: [`X-API-Key: ${KEY}`, "Content-Type: application/json"],
    body: PUBLICATION,
  },
  offset: '"offset":',
};

/** Writes the config; returns the arguments that name it. */
export function channelArgs(connections = 0): string[] {
  Deno.writeTextFileSync(CONFIG, TOML);
  Deno.writeTextFileSync(KEY_FILE, KEY);
  const most = `${Math.max(USUAL_CONNECTIONS, connections + OTHER_CONNECTIONS)}`;
  // All are one anonymous user, and may be one address.
  const limits = ["--max-connections", most, "--max-connections-per-user", most];
  return ["--config", CONFIG, ...limits];
}
