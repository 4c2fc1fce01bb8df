/**
 * The engines with which a test of their common behaviour runs.
 *
 * In: whether the server keeps its data over a restart. Out: a server that is killed, frozen and started again.
 */

import type { EngineConfig } from "../../runtime/config/mod.ts";
import { NatsCluster } from "./nats_cluster.ts";
import { NATS_SERVER, NatsEngine, NO_NATS } from "./nats_engine.ts";
import { RedisCluster } from "./redis_cluster.ts";
import { NO_REDIS, REDIS_SERVER, RedisEngine } from "./redis_engine.ts";

/** A server. */
export interface TestEngine extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Its process while it runs. */
  readonly pid: number | undefined;
  start(): Promise<void>;
  kill(): Promise<void>;
  freeze(): void;
  thaw(): void;
}

/** The section of the config for channels that names it. */
export function engineConfig({ url }: Pick<TestEngine, "url">): EngineConfig {
  return { url, prefix: "test:", password: undefined, caFile: undefined };
}

/** A kind of server. */
export interface EngineKind {
  readonly name: "redis" | "nats";
  /** Its program is missing. */
  readonly ignore: boolean;
  /** Appended to the name of a test that cannot run. */
  readonly reason: string;
  /** Starts one. */
  start(options?: { readonly keepsData?: boolean }): Promise<TestEngine>;
  /** Removes the leases of all nodes, as if they had been cut off. */
  endLeases(engine: TestEngine): Promise<void>;
}

/** All kinds. */
export const ENGINES: readonly EngineKind[] = [{
  name: "redis",
  ignore: REDIS_SERVER === undefined,
  reason: NO_REDIS,
  start: ({ keepsData = false } = {}) => RedisEngine.start({ appendOnly: keepsData }),
  endLeases: async (engine) => {
    const redis = engine as RedisEngine;
    const leases = await redis.command("KEYS", "l{test:}:*");
    await redis.command("DEL", ...leases.split("\n"));
  },
}, {
  name: "nats",
  ignore: NATS_SERVER === undefined,
  reason: NO_NATS,
  start: ({ keepsData = false } = {}) => NatsEngine.start({ isForgetful: !keepsData }),
  endLeases: async (engine) => {
    const nats = engine as NatsEngine;
    await nats.ask("STREAM.PURGE.test:_leases", { filter: "test:.l.*" });
  },
}];

/** What the drivers alone are tested with: servers that are not killed. */
export interface DriverEngineKind extends Pick<EngineKind, "ignore" | "reason"> {
  readonly name: string;
  start(): Promise<Pick<TestEngine, "url"> & AsyncDisposable>;
  endLeases(engine: Pick<TestEngine, "url">): Promise<void>;
}

/** All kinds, and clusters. */
export const DRIVER_ENGINES: readonly DriverEngineKind[] = [...ENGINES, {
  name: "redis cluster",
  ignore: REDIS_SERVER === undefined,
  reason: NO_REDIS,
  start: () => RedisCluster.start({ masters: 2 }),
  endLeases: async (cluster) => {
    for (const server of (cluster as RedisCluster).servers) {
      const leases = await server.command("KEYS", "l{test:}:*");
      if (leases !== "") await server.command("DEL", ...leases.split("\n"));
    }
  },
}, {
  name: "nats cluster",
  ignore: NATS_SERVER === undefined,
  reason: NO_NATS,
  start: () => NatsCluster.start(),
  endLeases: async (cluster) => {
    const [server] = (cluster as NatsCluster).servers;
    await server!.ask("STREAM.PURGE.test:_leases", { filter: "test:.l.*" });
  },
}];
