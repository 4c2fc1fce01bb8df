/**
 * `deno run -A tests/bench/memory.ts [--tls | --deflate | --channels one|own] [CONNECTIONS [PEER…]]`: measures the memory of an idle
 * WebSocket, with `--deflate` of one that has negotiated permessage-deflate and echoed one compressed message, with `--tls` of an
 * idle TLS connection after one request, with `--channels` of an idle subscriber: all of one
 * channel, or each of its own.
 *
 * In: the named servers of peers/, by default all that can do it. Out: for each, with one worker, resident
 * bytes per connection with 5,000 idle connections (10,000 with
 * permessage-deflate, 20,000 subscribers). There are two figures: the growth from none,
 * which includes the one-time growth of the server's heap, and the slope from a fifth of the connections
 * to all, which does not. Anonymous memory is shown separately, because touched file pages of the program
 * do not belong to a connection. The kernel's buffers are not included.
 */

import { writeCertificate } from "./certificate.ts";
import { closeAll, openIdleSockets } from "./idle_sockets.ts";
import { type ChannelSpread, closeSubscribers, openSubscribers } from "./idle_subscribers.ts";
import type { RunningClient } from "./load_client.ts";
import { writePage } from "./page.ts";
import { SCRATCH } from "./paths.ts";
import { type Found, type Peer, PEERS } from "./peers/mod.ts";
import { freePort, ServerProcess, stopAll } from "./server_process.ts";
import { median } from "./statistics.ts";
import { isMissing } from "./tools.ts";

/** The kind of connection. */
type Kind = "websocket" | "websocket-deflate" | "tls" | "fan-out";

const DEFAULT_CONNECTIONS = {
  websocket: 5_000,
  "websocket-deflate": 10_000,
  tls: 5_000,
  "fan-out": 20_000,
};
/** Bytes of each kind of connection. */
const TARGETS = { websocket: 1024, "websocket-deflate": 4096, tls: 17 * 1024, "fan-out": 2048 };
const NAMES = {
  websocket: "WebSocket",
  "websocket-deflate": "WebSocket with permessage-deflate",
  tls: "TLS connection",
  "fan-out": "subscriber",
};
const KIND_OF: Readonly<Record<string, Kind>> = {
  "--tls": "tls",
  "--deflate": "websocket-deflate",
  "--channels": "fan-out",
};
/** Connections opened and closed before the first sample, so that code is compiled and pools are filled. */
const WARM_UP = 200;
/** Samples at each stage, a second apart; the median is used. */
const LOOKS = 5;

/** Memory of a server, in bytes. */
export interface Footprint {
  readonly resident: number;
  /** Memory not backed by files: heap, stacks, buffers. */
  readonly anonymous: number;
}

/** A server's memory with none, some and all of the connections. */
export interface MemoryStages {
  readonly connections: readonly [none: number, some: number, all: number];
  readonly footprints: readonly [none: Footprint, some: Footprint, all: Footprint];
}

/**
 * Parses `/proc/PID/smaps_rollup`.
 *
 * @throws RangeError if a line is missing
 */
export function parseFootprint(text: string): Footprint {
  const bytes = (name: string): number => {
    const value = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1];
    if (value === undefined) throw new RangeError(`no ${name} in smaps_rollup: "${text}"`);
    return Number(value) * 1024;
  };
  return { resident: bytes("Rss"), anonymous: bytes("Anonymous") };
}

/** Bytes per connection: resident and anonymous from none to all, and resident from some to all. */
export function bytesPerConnection({ connections, footprints }: MemoryStages): readonly number[] {
  const [none, some, all] = footprints;
  const [, few, many] = connections;
  return [
    (all.resident - none.resident) / many,
    (all.anonymous - none.anonymous) / many,
    (all.resident - some.resident) / (many - few),
  ];
}

function look(ids: readonly number[]): Footprint {
  const footprints = ids.map((id) =>
    parseFootprint(Deno.readTextFileSync(`/proc/${id}/smaps_rollup`))
  );
  return {
    resident: footprints.reduce((sum, { resident }) => sum + resident, 0),
    anonymous: footprints.reduce((sum, { anonymous }) => sum + anonymous, 0),
  };
}

/** The median of some samples, during which garbage collectors finish their work. */
async function settle(server: ServerProcess): Promise<Footprint> {
  const { ids } = server;
  const looks: Footprint[] = [];
  for (let i = 0; i < LOOKS; i++) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    looks.push(look(ids));
  }
  return {
    resident: median(looks.map(({ resident }) => resident)),
    anonymous: median(looks.map(({ anonymous }) => anonymous)),
  };
}

/** What is measured. */
interface Measurement {
  readonly peer: Peer;
  readonly found: Found;
  readonly kind: Kind;
  /** Of subscribers. */
  readonly spread: ChannelSpread;
}

/** The connections to a server. */
class Connections {
  readonly #port: number;
  readonly #measurement: Measurement;
  readonly #sockets: Deno.Conn[] = [];
  readonly #clients: RunningClient[] = [];
  #opened = 0;

  constructor(port: number, measurement: Measurement) {
    this.#port = port;
    this.#measurement = measurement;
  }

  async open(count: number): Promise<void> {
    const { kind, peer, spread } = this.#measurement;
    const first = this.#opened;
    this.#opened += count;
    if (kind !== "fan-out") {
      this.#sockets.push(...await openIdleSockets(this.#port, count, kind));
      return;
    }
    const range = { first, count, spread };
    this.#clients.push(...await openSubscribers(this.#port, peer.channels!, range));
  }

  async close(): Promise<void> {
    closeAll(this.#sockets.splice(0));
    await closeSubscribers(this.#clients.splice(0));
  }
}

async function measure(measurement: Measurement, count: number): Promise<MemoryStages> {
  const { peer, found, kind } = measurement;
  const port = freePort();
  const server = await ServerProcess.start(
    await peer.launch(found, { port, workers: 1, work: kind, connections: count }),
    port,
    kind,
  );
  const connections = new Connections(port, measurement);
  try {
    await connections.open(WARM_UP);
    await connections.close();
    const none = await settle(server);
    const few = Math.floor(count / 5);
    await connections.open(few);
    const some = await settle(server);
    await connections.open(count - few);
    const all = await settle(server);
    return { connections: [0, few, count], footprints: [none, some, all] };
  } finally {
    await connections.close();
    await server.stop();
  }
}

/** The command line. @throws RangeError */
function parse(args: readonly string[]) {
  const [first, second] = args;
  const isSpread = second === "one" || second === "own";
  if (first === "--channels" && !isSpread) throw new RangeError("--channels takes one or own");
  const spread: ChannelSpread = second === "one" ? "one" : "own";
  const kind = KIND_OF[first ?? ""] ?? "websocket";
  const [number, ...wanted] = args.slice(kind === "websocket" ? 0 : kind === "fan-out" ? 2 : 1);
  const count = Number(number ?? DEFAULT_CONNECTIONS[kind]);
  if (!Number.isInteger(count) || count < 10) {
    throw new RangeError("CONNECTIONS must be a whole number of at least 10");
  }
  return { kind, spread, count, wanted };
}

async function main(): Promise<void> {
  const { kind, spread, count, wanted } = parse(Deno.args);
  await Deno.mkdir(SCRATCH, { recursive: true });
  await writePage(PEERS[0]!);
  const missing = kind === "tls" ? await writeCertificate() : undefined;
  if (missing) throw new Error(`missing ${missing.missing}: ${missing.install}`);
  const about = `${count} open, 1 worker; our target: ${TARGETS[kind]} B`;
  const of = kind === "fan-out"
    ? `, ${spread === "one" ? "all of one channel" : "a channel each"}`
    : "";
  console.log(`bytes per idle ${NAMES[kind]}${of}, ${about}`);
  console.log(lineOf("", ["RSS", "anonymous", "slope"]));
  for (const peer of PEERS) {
    const label = peer.does[kind];
    if (label === undefined || (wanted.length > 0 && !wanted.includes(peer.id))) continue;
    const found = await peer.find();
    if (isMissing(found)) {
      console.log(`  missing ${found.missing}: ${found.install}`);
      continue;
    }
    const figures = bytesPerConnection(await measure({ peer, found, kind, spread }, count));
    console.log(lineOf(label, figures.map((bytes) => `${bytes.toFixed(0)} B`)));
  }
}

// Each server takes a quarter of a minute, so its line is printed as soon as it is done.
function lineOf(label: string, cells: readonly string[]): string {
  return `  ${label.padEnd(24)}${cells.map((cell) => cell.padStart(11)).join("")}`;
}

if (import.meta.main) {
  try {
    await main();
  } finally {
    await stopAll();
  }
}
