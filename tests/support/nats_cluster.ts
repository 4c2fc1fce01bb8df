/**
 * A cluster of three NATS servers with JetStream, for a test.
 *
 * In: nothing. Out: the address of all; its servers, each of which can be killed, frozen and started again.
 */

import { freePort } from "./free_port.ts";
import { NatsEngine } from "./nats_engine.ts";
import { waitFor } from "./wait_for.ts";

const SIZE = 3;
const TRIES = 3;
/** Servers of a busy machine choose a leader several times. */
const TIMEOUT_MS = 60_000;

/** The servers. */
export class NatsCluster implements AsyncDisposable {
  readonly servers: readonly NatsEngine[];

  private constructor(servers: readonly NatsEngine[]) {
    this.servers = servers;
  }

  /** Starts all, and waits until they have a leader. A port that was free may be taken by a connection meanwhile: then others are tried. */
  static async start(): Promise<NatsCluster> {
    for (let left = TRIES;; left--) {
      try {
        return await NatsCluster.#tryToStart();
      } catch (error) {
        if (left === 0) throw error;
      }
    }
  }

  static async #tryToStart(): Promise<NatsCluster> {
    const ports = Array.from({ length: SIZE }, freePort);
    const routes = ports.map((port) => `"nats://127.0.0.1:${port}"`).join();
    const started = await Promise.allSettled(ports.map((port, i) =>
      NatsEngine.start({
        config: `server_name: s${i}
cluster { name: test, listen: "127.0.0.1:${port}", routes: [${routes}] }`,
      })
    ));
    const servers = started.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
    const cluster = new NatsCluster(servers);
    try {
      if (servers.length < SIZE) throw new Error("a server of the cluster does not start");
      await cluster.ready();
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The address of all. */
  get url(): string {
    return `nats://${this.servers.map(({ port }) => `127.0.0.1:${port}`).join()}`;
  }

  /** The server of this name. */
  named(name: string): NatsEngine {
    return this.servers[Number(name.slice(1))]!;
  }

  /** The name of the server that leads a stream; undefined: none does. */
  async leaderOf(stream: string, asked = this.servers[0]!): Promise<string | undefined> {
    const info = await asked.ask(`STREAM.INFO.${stream}`, {}).catch(() => undefined);
    const { cluster } = (info ?? {}) as { cluster?: { leader?: string } };
    return cluster?.leader;
  }

  /** Waits until all servers take streams. */
  async ready(): Promise<void> {
    const isReady = async (server: NatsEngine) => {
      const info = await server.ask("INFO", {}).catch(() => undefined);
      return info !== undefined && !("error" in (info as Record<string, unknown>));
    };
    for (const server of this.servers) {
      await waitFor(() => isReady(server), { what: "JetStream", timeoutMs: TIMEOUT_MS });
    }
  }

  /** Waits until each server has all of a stream. */
  async replicated(stream: string): Promise<void> {
    const isDone = async () => {
      const info = await this.servers[0]!.ask(`STREAM.INFO.${stream}`, {}).catch(() => undefined);
      const { cluster } = (info ?? {}) as {
        cluster?: { replicas?: { current: boolean; lag?: number }[] };
      };
      const replicas = cluster?.replicas ?? [];
      return replicas.length === SIZE - 1 &&
        replicas.every(({ current, lag = 0 }) => current && lag === 0);
    };
    await waitFor(isDone, { what: "replicas of all", timeoutMs: TIMEOUT_MS });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.servers) await server[Symbol.asyncDispose]();
  }
}
