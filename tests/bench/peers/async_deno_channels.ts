/**
 * The channels of async-deno for the benchmark: the config, and what clients send.
 *
 * In: the work, and how many connections come. Out: arguments; the config is written to SCRATCH. Each channel keeps 100
 * publications; for the work with deltas, it sends them to clients that ask for them. Clients
 * speak the Centrifuge protocol, and offer compaction as the npm package does; publications come by the HTTP API.
 */

import type { ChannelsWire } from "../channels_wire.ts";
import { SCRATCH } from "../paths.ts";
import type { Work } from "../rows.ts";

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
{deltas}
[channels.api]
key_file = "${KEY_FILE}"
`;

/** The two lines follow those of the namespace. */
const DELTAS = `allowed_delta_types = ["fossil"]
delta_publish = true
`;

const PUBLICATION = '{"channel":"bench:{c}","data":{d}}';
const CONNECT = '{"id":1,"connect":{}}';
const SUBSCRIBE = '{"id":2,"subscribe":{"channel":"bench:{c}","flag":1}}';
const SUBSCRIBE_TO_DELTAS =
  '{"id":2,"subscribe":{"channel":"bench:{c}","flag":1,"delta":"fossil"}}';

/** The wire of async-deno. */
export const ASYNC_DENO_WIRE: ChannelsWire = {
  subscriber: {
    path: "/connection/websocket",
    hello: `${CONNECT}\n${SUBSCRIBE}`,
    ack: '"id":2',
    deltaHello: `${CONNECT}\n${SUBSCRIBE_TO_DELTAS}`,
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
export function channelArgs(work: Work, connections = 0): string[] {
  const deltas = work === "fan-out-delta";
  // Two servers may be started at the same time.
  const config = `${SCRATCH}channels${deltas ? "-deltas" : ""}.toml`;
  Deno.writeTextFileSync(config, TOML.replace("{deltas}\n", deltas ? `${DELTAS}\n` : "\n"));
  Deno.writeTextFileSync(KEY_FILE, KEY);
  const most = `${Math.max(USUAL_CONNECTIONS, connections + OTHER_CONNECTIONS)}`;
  // All are one anonymous user, and may be one address.
  const limits = ["--max-connections", most, "--max-connections-per-user", most];
  return ["--config", config, ...limits];
}
