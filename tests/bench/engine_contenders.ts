/**
 * What is compared in a row with an engine: servers that share it, one server without it, and its client library alone.
 *
 * In: running servers and a row. Out: for each a way to load it and to measure that, as a {@link Turn}. Called by engine_bench.ts.
 *
 * Each contender of a row has channels of its own, since a server follows a channel for a minute after its last subscriber.
 * Publications go to the first server. In rows with subscribers, these are at the last one, and the one between them follows the channels, too.
 */

import { asyncDenoWire } from "./peers/async_deno_channels.ts";
import { LIBRARY } from "./engine_rows.ts";
import type { EngineRow } from "./engine_rows.ts";
import type { MeasuredEngine } from "./engine_servers.ts";
import { ROOT } from "./paths.ts";
import { programPath } from "./peers/peer.ts";
import { cpuSecondsOf, residentBytesOf } from "./proc.ts";
import { isFanOutRow } from "./rows.ts";
import { freePort, ServerProcess } from "./server_process.ts";
import type { Turn } from "./statistics.ts";
import { loadOnly, takeTurn } from "./turn.ts";

/** A contender of a row. */
export interface EngineContender {
  readonly peer: string;
  readonly label: string;
  /** Loads it so many seconds, to warm it up. */
  warm(seconds: number): Promise<void>;
  /** Loads it and measures it. */
  turn(seconds: number): Promise<Turn>;
  /** What was started for it ends. */
  stop?(): Promise<void>;
}

/** Servers that are a contender. */
export interface EngineGroup {
  readonly peer: string;
  readonly label: string;
  /** The first one gets the publications, the last one has the subscribers. */
  readonly servers: readonly [ServerProcess, ...ServerProcess[]];
  /** Undefined: none. */
  readonly engine: MeasuredEngine | undefined;
}

/** The share of publications that may be refused. */
const MOST_REFUSED = 0.01;

/** The channels of a contender: their wire, and what is asked by hand. */
function channelsOf(name: string, count: number) {
  const plain = asyncDenoWire(`${name}-{c}`);
  const { post, subscriber } = plain;
  // A connection that publishes for each channel.
  const wire = { ...plain, post: { ...post, path: `${post.path}?{c}` } };
  const headers = Object.fromEntries(post.fields.map((field) => field.split(": ")));
  const each = async (action: (channel: string) => Promise<number>): Promise<number> => {
    let sum = 0;
    for (let channel = 0; channel < count; channel++) sum += await action(`${channel}`);
    return sum;
  };
  return {
    wire,
    /** Publishes once in each. @returns the sum of the offsets */
    publish: (port: number) =>
      each(async (channel) => {
        const body = post.body.replace("{c}", channel).replace("{d}", "{}");
        const url = `http://127.0.0.1:${port}${post.path}`;
        const response = await fetch(url, { method: "POST", headers, body });
        const { result, error } = await response.json();
        if (error !== undefined) throw new Error(`a publication was refused: ${error.message}`);
        return result.offset;
      }),
    /** A server follows a channel for a minute after its last subscriber: what comes is stored, and sent to nobody. */
    follow: (port: number) =>
      each(async (channel) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}${subscriber.path}`);
        const { promise: isSubscribed, resolve, reject } = Promise.withResolvers<void>();
        socket.onopen = () => socket.send(subscriber.hello.replace("{c}", channel));
        socket.onmessage = ({ data }) => {
          if (String(data).includes(subscriber.ack)) resolve();
        };
        socket.onclose = ({ code }) => reject(new Error(`a subscriber was closed with ${code}`));
        await isSubscribed;
        socket.close();
        return 1;
      }),
  };
}

/** Servers as a contender. @param client the program that loads them */
export function serverContender(
  { peer, label, servers, engine }: EngineGroup,
  row: EngineRow,
  client: string,
): EngineContender {
  const isDelivery = isFanOutRow(row);
  const count = isDelivery ? row.channels : 1;
  const channels = channelsOf(`${row.id}-${peer}`, count);
  const { wire } = channels;
  const [publisher] = servers;
  const loaded = isDelivery
    ? { port: servers.at(-1)!.port, ids: servers.flatMap(({ ids }) => ids) }
    : publisher;
  const prepare = async (seconds: number) => {
    const followers = isDelivery ? servers.slice(1, -1) : row.isFollowed ? [publisher] : [];
    for (const { port } of followers) await channels.follow(port);
    return { client, seconds, wire, publishPort: isDelivery ? publisher.port : undefined };
  };
  return {
    peer,
    label,
    async warm(seconds) {
      await loadOnly(loaded, row, await prepare(seconds));
    },
    async turn(seconds) {
      const load = await prepare(seconds);
      const before = await channels.publish(publisher.port);
      const [calls, cpu] = [await engine?.calls(), cpuSecondsOf(publisher.ids)];
      const engineCpu = engine?.cpuSeconds();
      const turn = await takeTurn(loaded, row, load);
      const publisherCpu = cpuSecondsOf(publisher.ids) - cpu;
      const usedByEngine = engine === undefined ? null : engine.cpuSeconds() - engineCpu!;
      const callsAfter = await engine?.calls();
      // Refused ones are answers of wrk, too: only what has an offset counts.
      const stored = await channels.publish(publisher.port) - before - count;
      const published = isDelivery ? turn.requests * count / row.connections : turn.requests;
      if (stored < published * (1 - MOST_REFUSED)) {
        throw new Error(`of ${published} publications ${stored} were stored`);
      }
      const each = (seconds: number) => seconds * 1e6 / stored;
      const together = callsAfter === undefined ? null : stored / (callsAfter - calls!);
      return {
        ...turn,
        engine: {
          publisherCpu: each(publisherCpu),
          engineCpu: usedByEngine && each(usedByEngine),
          together,
        },
      };
    },
  };
}

/** Starts the client library alone. */
export async function libraryContender(
  engine: MeasuredEngine,
  { isFollowed }: EngineRow,
): Promise<EngineContender> {
  const port = freePort();
  const flags = ["run", "-A", `--lock=${ROOT}tests/deno.lock`, programPath("engine_loop.ts")];
  const more = isFollowed ? ["--listen"] : [];
  const server = await ServerProcess.start({
    command: Deno.execPath(),
    args: [...flags, `${port}`, engine.url, ...more],
  }, port);
  const run = async (seconds: number) => {
    const response = await fetch(`http://127.0.0.1:${port}/?seconds=${seconds}`);
    return await response.json() as { readonly count: number; readonly seconds: number };
  };
  return {
    peer: LIBRARY,
    label: isFollowed ? "client library alone, which listens" : "client library alone",
    async warm(seconds) {
      await run(seconds);
    },
    async turn(seconds) {
      const [cpu, engineCpu] = [cpuSecondsOf(server.ids), engine.cpuSeconds()];
      const { count, seconds: elapsed } = await run(seconds);
      const each = (seconds: number) => seconds * 1e6 / count;
      const cpuPerRequest = each(cpuSecondsOf(server.ids) - cpu);
      return {
        ...{ requests: count, cpuPerRequest, requestsPerSecond: count / elapsed },
        ...{ p50: null, p99: null, p999: null, late: null, resumed: null, wireBytes: null },
        ...{ rssBytes: residentBytesOf(server.ids), errors: 0, clientBusiest: 0, serverBusiest: 1 },
        engine: {
          publisherCpu: cpuPerRequest,
          engineCpu: each(engine.cpuSeconds() - engineCpu),
          together: 1,
        },
      };
    },
    stop: () => server.stop(),
  };
}
