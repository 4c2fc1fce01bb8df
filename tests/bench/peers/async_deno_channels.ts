/**
 * The channels of async-deno for the benchmark: the config, and what clients send.
 *
 * In: the work, how many connections come, and the engine if there is one. Out: arguments; the config is written to SCRATCH. Each channel keeps 100
 * publications; for the work with deltas, it sends them to clients that ask for them. Clients
 * speak the Centrifuge protocol, and offer compaction as the npm package does; publications come by the HTTP API.
 */

import type { ChannelsWire } from "../channels_wire.ts";
import { SCRATCH } from "../paths.ts";
import type { Place } from "./peer.ts";

const KEY_FILE = `${SCRATCH}channels.key`;
const KEY = "benchmark-benchmark-benchmark";
/** The default of --max-connections. */
const USUAL_CONNECTIONS = 10_000;
/** Beside the subscribers. */
const OTHER_CONNECTIONS = 100;

const TOML = `
[channels]
allow_anonymous_connect_without_token = true
{engine}
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

const CONNECT = '{"id":1,"connect":{}}';

/** The wire of async-deno. @param channel in the namespace */
export function asyncDenoWire(channel: string): ChannelsWire {
  const name = `"channel":"bench:${channel}"`;
  return {
    subscriber: {
      path: "/connection/websocket",
      hello: `${CONNECT}\n{"id":2,"subscribe":{${name},"flag":1}}`,
      ack: '"id":2',
      deltaHello: `${CONNECT}\n{"id":2,"subscribe":{${name},"flag":1,"delta":"fossil"}}`,
    },
    publisher: { by: "http" },
    post: {
      path: "/api/publish",
      fields: [`X-API-Key: ${KEY}`, "Content-Type: application/json"],
      body: `{${name},"data":{d}}`,
    },
    offset: '"offset":',
  };
}

/** The wire of async-deno with numbered channels. */
export const ASYNC_DENO_WIRE = asyncDenoWire("{c}");

/** Writes the config; returns the arguments that name it. */
export function channelArgs(
  { work, engine, connections = 0 }: Pick<Place, "work" | "engine" | "connections">,
): string[] {
  const deltas = work === "fan-out-delta";
  // Two servers may be started at the same time.
  const kind = `${deltas ? "-deltas" : ""}${engine === undefined ? "" : "-engine"}`;
  const config = `${SCRATCH}channels${kind}.toml`;
  const text = TOML.replace("{deltas}\n", deltas ? `${DELTAS}\n` : "\n")
    .replace("{engine}\n", engine === undefined ? "\n" : `engine = "${engine}"\n\n`);
  Deno.writeTextFileSync(config, text);
  Deno.writeTextFileSync(KEY_FILE, KEY);
  const most = `${Math.max(USUAL_CONNECTIONS, connections + OTHER_CONNECTIONS)}`;
  // All are one anonymous user, and may be one address.
  const limits = ["--max-connections", most, "--max-connections-per-user", most];
  return ["--config", config, ...limits];
}
