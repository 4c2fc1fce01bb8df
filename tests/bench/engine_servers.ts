/**
 * What runs while the rows of one engine are measured: the engine, three servers that share it, and one server without it.
 *
 * In: which engine, and how async-deno is started. Out: the processes, and what the engine has used. Called by engine_bench.ts.
 */

import { NatsEngine } from "../support/nats_engine.ts";
import { RedisEngine } from "../support/redis_engine.ts";
import type { Found, Peer } from "./peers/mod.ts";
import { cpuSecondsOf } from "./proc.ts";
import type { EngineName } from "./rows.ts";
import { freePort, ServerProcess } from "./server_process.ts";

const NODES = 3;

/** A program of async-deno that was found. */
export interface FoundPeer {
  readonly peer: Peer;
  readonly found: Found;
}

/** An engine that is measured. */
export interface MeasuredEngine extends AsyncDisposable {
  readonly url: string;
  /** CPU seconds so far. */
  cpuSeconds(): number;
  /** Calls of scripts so far; undefined: it does not count them. */
  calls(): Promise<number | undefined>;
}

const running = new Set<RedisEngine | NatsEngine>();

/** Ends all engines if the benchmark is interrupted. */
export async function stopEngines(): Promise<void> {
  await Promise.all([...running].map((engine) => engine[Symbol.asyncDispose]()));
}

/** Starts an engine. */
export async function startEngine(name: EngineName): Promise<MeasuredEngine> {
  const engine = await (name === "redis" ? RedisEngine : NatsEngine).start();
  running.add(engine);
  return {
    url: engine.url,
    cpuSeconds: () => cpuSecondsOf([engine.pid!]),
    async calls() {
      if (!(engine instanceof RedisEngine)) return undefined;
      const statistics = await engine.command("INFO", "commandstats");
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(statistics)?.[1] ?? 0);
    },
    async [Symbol.asyncDispose]() {
      running.delete(engine);
      await engine[Symbol.asyncDispose]();
    },
  };
}

/** Starts a server. @param engine the URL; undefined: it keeps the channels itself */
async function startServer(
  { peer, found }: FoundPeer,
  { workers, engine }: { readonly workers: number; readonly engine?: string },
): Promise<ServerProcess> {
  const port = freePort();
  const place = { port, workers, work: "publish" } as const;
  const launch = await peer.launch(found, engine === undefined ? place : { ...place, engine });
  return await ServerProcess.start(launch, port);
}

/** Servers that stop together. */
export class EngineServers implements AsyncDisposable {
  readonly #started: ServerProcess[] = [];
  readonly #engine: string;
  readonly #workers: number;

  /** @param engine the URL */
  constructor(engine: string, workers: number) {
    this.#engine = engine;
    this.#workers = workers;
  }

  /** Three servers that share the engine. */
  async sharing(program: FoundPeer): Promise<readonly [ServerProcess, ...ServerProcess[]]> {
    const options = { workers: this.#workers, engine: this.#engine };
    const first = this.#keep(await startServer(program, options));
    const others: ServerProcess[] = [];
    while (others.length < NODES - 1) {
      others.push(this.#keep(await startServer(program, options)));
    }
    return [first, ...others];
  }

  /** One server without an engine. */
  async alone(program: FoundPeer): Promise<ServerProcess> {
    return this.#keep(await startServer(program, { workers: this.#workers }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#started.map((server) => server.stop()));
  }

  #keep(server: ServerProcess): ServerProcess {
    this.#started.push(server);
    return server;
  }
}
