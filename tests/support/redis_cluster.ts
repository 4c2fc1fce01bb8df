/**
 * A cluster of Redis servers for a test: masters with the same share of the slots, perhaps each with a replica.
 *
 * In: how many. Out: the address for `engine`; slots that are moved, and masters that are killed. Ends only the processes that it started.
 */

import { freePort } from "./free_port.ts";
import { RedisEngine, type RedisTlsFiles } from "./redis_engine.ts";
import { waitFor } from "./wait_for.ts";

const SLOTS = 16_384;
/** Milliseconds of silence until a node is taken for dead: a busy machine must not look so. */
const NODE_TIMEOUT = 3_000;
const TIMEOUT_MS = 60_000;
const HOST = "127.0.0.1";

/** The options of {@link RedisCluster.start}. */
export interface RedisClusterOptions {
  readonly masters: number;
  readonly hasReplicas?: boolean;
  /** Lines of the configuration. */
  readonly args?: readonly string[];
  /** All speak TLS alone. */
  readonly tls?: RedisTlsFiles;
}

/** A server of the cluster. */
interface ClusterNode {
  readonly server: RedisEngine;
  readonly busPort: number;
  readonly id: string;
}

/** The servers. */
export class RedisCluster implements AsyncDisposable {
  /** The masters at the start, and behind them the replica of each, in the same order. */
  readonly #nodes: readonly ClusterNode[];
  readonly #scheme: string;

  private constructor(nodes: readonly ClusterNode[], scheme: string) {
    this.#nodes = nodes;
    this.#scheme = scheme;
  }

  /** Starts all, and waits until each slot has a master that all know, and each replica has its data. */
  static async start(
    { masters, hasReplicas = false, args = [], tls }: RedisClusterOptions,
  ): Promise<RedisCluster> {
    await using started = new AsyncDisposableStack();
    const nodes: ClusterNode[] = [];
    for (let i = 0; i < masters * (hasReplicas ? 2 : 1); i++) {
      const busPort = freePort();
      const server = started.use(
        await RedisEngine.start({
          args: [
            ...["--cluster-enabled", "yes", "--cluster-port", `${busPort}`],
            ...["--cluster-node-timeout", `${NODE_TIMEOUT}`],
            ...["--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0"],
            ...(tls === undefined ? [] : ["--tls-cluster", "yes"]),
            ...args,
          ],
          tls,
        }),
      );
      await server.command("CLUSTER", "SET-CONFIG-EPOCH", `${i + 1}`);
      nodes.push({ server, busPort, id: await server.command("CLUSTER", "MYID") });
    }
    const cluster = new RedisCluster(nodes, tls === undefined ? "redis" : "rediss");
    await cluster.#join(masters);
    started.move();
    return cluster;
  }

  /** The address: two nodes know the others. */
  get url(): string {
    const hosts = this.#nodes.slice(-2).map(({ server }) => `${HOST}:${server.port}`);
    return `${this.#scheme}+cluster://${hosts.join()}`;
  }

  /** All servers. */
  get servers(): readonly RedisEngine[] {
    return this.#nodes.map(({ server }) => server);
  }

  /** The server that has a slot, as that server sees it. */
  async ownerOf(slot: number): Promise<RedisEngine> {
    return (await this.#ownerOf(slot)).server;
  }

  /** Moves a slot with all that it has to another master. */
  async move(slot: number, to: RedisEngine): Promise<void> {
    const source = await this.#ownerOf(slot);
    const target = this.#nodes.find(({ server }) => server === to)!;
    const [from, set] = [source.server, ["CLUSTER", "SETSLOT", `${slot}`]] as const;
    await to.command(...set, "IMPORTING", source.id);
    await from.command(...set, "MIGRATING", target.id);
    for (;;) {
      const keys = await from.command("CLUSTER", "GETKEYSINSLOT", `${slot}`, "100");
      if (keys === "") break;
      const address = [HOST, `${to.port}`, "", "0", "5000", "KEYS"];
      await from.command("MIGRATE", ...address, ...keys.split("\n"));
    }
    for (const server of [to, from]) await server.command(...set, "NODE", target.id);
  }

  /** Kills the master of a slot, and waits until its replica has taken over. @returns the dead one */
  async failOver(slot: number): Promise<RedisEngine> {
    const { server } = await this.#ownerOf(slot);
    await server.kill();
    await waitFor(async () => await this.#tryOwnerOf(slot) !== undefined, {
      what: "a replica that takes over",
      timeoutMs: TIMEOUT_MS,
    });
    return server;
  }

  /** Waits until the replicas have all that their masters have. */
  async replicated(): Promise<void> {
    const isDone = async () => {
      const infos = await Promise.all(
        this.servers.map((server) => server.tryCommand("INFO", "replication")),
      );
      const offsets = infos.map((info) => /master_repl_offset:(\d+)/.exec(info)?.[1]);
      const isMaster = infos.map((info) => info.includes("role:master"));
      const isUp = infos.every((info, i) => isMaster[i] || info.includes("master_link_status:up"));
      return isUp && new Set(offsets.filter((_, i) => isMaster[i])).size ===
          new Set(offsets).size;
    };
    await waitFor(isDone, { what: "replicas with all data", timeoutMs: TIMEOUT_MS });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { server } of this.#nodes) await server[Symbol.asyncDispose]();
  }

  async #join(masters: number): Promise<void> {
    const [first, ...others] = this.#nodes;
    for (const { server, busPort } of others) {
      await first!.server.command("CLUSTER", "MEET", HOST, `${server.port}`, `${busPort}`);
    }
    for (const [i, { server }] of this.#nodes.slice(0, masters).entries()) {
      const bounds = [i, i + 1].map((part) => Math.floor(part * SLOTS / masters));
      await server.command("CLUSTER", "ADDSLOTSRANGE", `${bounds[0]}`, `${bounds[1]! - 1}`);
    }
    const size = this.#nodes.length;
    await this.#all(
      "nodes that know each other",
      "INFO",
      (info) => info.includes("cluster_state:ok") && info.includes(`cluster_known_nodes:${size}`),
    );
    await this.#all("nodes without a handshake", "NODES", (nodes) => !nodes.includes("handshake"));
    for (const [i, { server }] of this.#nodes.slice(masters).entries()) {
      await server.command("CLUSTER", "REPLICATE", this.#nodes[i]!.id);
    }
    await this.#all(
      "replicas that all know",
      "NODES",
      (nodes) => nodes.match(/\bslave\b/g)?.length === (size > masters ? masters : undefined),
    );
    if (size > masters) await this.replicated();
  }

  async #all(what: string, question: string, isRight: (answer: string) => boolean): Promise<void> {
    for (const { server } of this.#nodes) {
      await waitFor(async () => isRight(await server.command("CLUSTER", question)), {
        what,
        timeoutMs: TIMEOUT_MS,
      });
    }
  }

  async #ownerOf(slot: number): Promise<ClusterNode> {
    const owner = await this.#tryOwnerOf(slot);
    if (owner === undefined) throw new Error(`nobody has the slot ${slot}`);
    return owner;
  }

  async #tryOwnerOf(slot: number): Promise<ClusterNode | undefined> {
    for (const node of this.#nodes) {
      const nodes = await node.server.tryCommand("CLUSTER", "NODES");
      const own = nodes.split("\n").find((line) => line.includes("myself,master")) ?? "";
      const ranges = own.split(" ").slice(8).map((word) => word.split("-").map(Number));
      const has = ranges.some(([begin = -1, end = begin]) => begin <= slot && slot <= end);
      if (has) return node;
    }
    return undefined;
  }
}
