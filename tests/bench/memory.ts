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
 * do not belong to a connection. The kernel's buffers are not included. More subscribers than a process may have descriptors are
 * spread evenly over as many servers as it takes, and their memory is added up. It is an error if a connection has ended meanwhile.
 */

import { writeCertificate } from "./certificate.ts";
import { closeAll, openIdleSockets } from "./idle_sockets.ts";
import { countSockets } from "../support/process_facts.ts";
import { processesFor } from "./descriptor_limit.ts";
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
async function settle(ids: readonly number[]): Promise<Footprint> {
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

/** A server, and the connections to it. */
class MeasuredServer {
  readonly process: ServerProcess;
  readonly #measurement: Measurement;
  readonly #sockets: Deno.Conn[] = [];
  readonly #clients: RunningClient[] = [];
  /** The number of its first subscriber. */
  readonly #first: number;
  #opened = 0;

  private constructor(process: ServerProcess, measurement: Measurement, first: number) {
    this.process = process;
    this.#measurement = measurement;
    this.#first = first;
  }

  static async start(
    measurement: Measurement,
    { first, count }: { readonly first: number; readonly count: number },
  ): Promise<MeasuredServer> {
    const { peer, found, kind } = measurement;
    const port = freePort();
    const place = { port, workers: 1, work: kind, connections: count };
    const process = await ServerProcess.start(await peer.launch(found, place), port, kind);
    return new MeasuredServer(process, measurement, first);
  }

  async open(count: number): Promise<void> {
    const { kind, peer, spread } = this.#measurement;
    const { port } = this.process;
    const first = this.#first + this.#opened;
    this.#opened += count;
    if (kind !== "fan-out") {
      this.#sockets.push(...await openIdleSockets(port, count, kind));
      return;
    }
    const range = { first, count, spread };
    this.#clients.push(...await openSubscribers(port, peer.channels!, range));
  }

  async close(): Promise<void> {
    this.#opened = 0;
    closeAll(this.#sockets.splice(0));
    await closeSubscribers(this.#clients.splice(0));
  }

  /** Opens and closes some connections. */
  async warmUp(): Promise<void> {
    await this.open(WARM_UP);
    await this.close();
  }

  /** @throws Error if a connection is not open any more */
  assertOpen(): void {
    const open = this.process.ids.reduce((sum, id) => sum + countSockets(id), 0);
    if (open >= this.#opened) return;
    throw new Error(`${this.#opened - open} or more of ${this.#opened} connections have ended`);
  }
}

async function measure(measurement: Measurement, count: number): Promise<MemoryStages> {
  const processes = measurement.kind === "fan-out" ? processesFor(count) : 1;
  const shares = evenShares(count, processes);
  const servers: MeasuredServer[] = [];
  const settled = () => settle(servers.flatMap(({ process }) => process.ids));
  try {
    let first = 0;
    for (const share of shares) {
      servers.push(await MeasuredServer.start(measurement, { first, count: share }));
      first += share;
    }
    for (const server of servers) await server.warmUp();
    const none = await settled();
    const few = shares.map((share) => Math.floor(share / 5));
    // One server after the other: the clients of all of them at once would starve each other.
    for (const [i, server] of servers.entries()) await server.open(few[i]!);
    const some = await settled();
    for (const [i, server] of servers.entries()) await server.open(shares[i]! - few[i]!);
    const all = await settled();
    for (const server of servers) server.assertOpen();
    const open = few.reduce((sum, share) => sum + share, 0);
    return { connections: [0, open, count], footprints: [none, some, all] };
  } finally {
    for (const server of servers) await server.close();
    await Promise.all(servers.map(({ process }) => process.stop()));
  }
}

/** A number divided into so many parts, of which no two differ by more than 1. */
function evenShares(count: number, parts: number): number[] {
  return Array.from(
    { length: parts },
    (_, i) => Math.floor(count * (i + 1) / parts) - Math.floor(count * i / parts),
  );
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
  const processes = kind === "fan-out" ? processesFor(count) : 1;
  if (processes > 1) {
    console.log(`in ${processes} servers, because a process may open no more descriptors here`);
  }
  console.log(lineOf("", ["RSS", "anonymous", "slope", "MiB before", "MiB then"]));
  for (const peer of PEERS) {
    const label = peer.does[kind];
    if (label === undefined || (wanted.length > 0 && !wanted.includes(peer.id))) continue;
    const found = await peer.find();
    if (isMissing(found)) {
      console.log(`  missing ${found.missing}: ${found.install}`);
      continue;
    }
    const stages = await measure({ peer, found, kind, spread }, count);
    const figures = bytesPerConnection(stages).map((bytes) => `${bytes.toFixed(0)} B`);
    const [none, , all] = stages.footprints;
    const totals = [none, all].map(({ resident }) => `${(resident / 2 ** 20).toFixed(0)}`);
    console.log(lineOf(label, [...figures, ...totals]));
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
