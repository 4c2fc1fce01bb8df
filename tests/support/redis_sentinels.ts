/**
 * A master and a replica of Redis, and three sentinels that watch them, for a test.
 *
 * In: the password of the sentinels, and perhaps certificates for all. Out: the address for `engine`; the server that is the master now. Ends only the processes that it started.
 */

import { freePort } from "./free_port.ts";
import {
  REDIS_SERVER,
  redisCliArguments,
  RedisEngine,
  type RedisTlsFiles,
  redisTlsLines,
} from "./redis_engine.ts";
import { waitFor } from "./wait_for.ts";

const SENTINELS = 3;
const QUORUM = 2;
/** Milliseconds of silence until a sentinel takes a server for dead. */
const DOWN_AFTER = 500;
/** A failover that fails on a busy machine is tried again after twice this time. */
const FAILOVER_TIMEOUT = 5_000;
const TIMEOUT_MS = 90_000;
/** What the sentinels call the master. */
export const MASTER_NAME = "my master";

/** The password of a master that is to be reached by nobody new. */
const CLOSED = "unknown to the others";

/** The options of {@link RedisSentinels.start}. */
export interface RedisSentinelsOptions {
  /** Of the sentinels. */
  readonly password?: string;
  /** All speak TLS alone. */
  readonly tls?: RedisTlsFiles;
}

/** The servers and the sentinels. */
export class RedisSentinels implements AsyncDisposable {
  readonly servers: readonly RedisEngine[];
  /** Of the sentinels. */
  readonly ports: readonly number[] = Array.from({ length: SENTINELS }, freePort);
  readonly #folder = Deno.makeTempDirSync({ prefix: "redis-sentinels-" });
  readonly #password: string | undefined;
  readonly #tls: RedisTlsFiles | undefined;
  readonly #processes: Deno.ChildProcess[] = [];

  private constructor(servers: readonly RedisEngine[], { password, tls }: RedisSentinelsOptions) {
    this.servers = servers;
    this.#password = password;
    this.#tls = tls;
  }

  /** Starts all, and waits until the sentinels know each other and the replica has the master's data. */
  static async start(given: RedisSentinelsOptions = {}): Promise<RedisSentinels> {
    const { tls } = given;
    const options = { appendOnly: true, args: ["--repl-diskless-sync-delay", "0"], tls };
    const master = await RedisEngine.start(options);
    const replica = await RedisEngine.start({
      ...options,
      args: [...options.args, "--replicaof", "127.0.0.1", `${master.port}`],
    });
    const group = new RedisSentinels([master, replica], given);
    try {
      for (const port of group.ports) group.#start(port, master.port);
      await group.replicated();
      await waitFor(() => group.#isComplete(), {
        what: "sentinels that know each other",
        timeoutMs: TIMEOUT_MS,
      });
      return group;
    } catch (error) {
      await group[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The address. @param name of the master, encoded */
  url(name = encodeURIComponent(MASTER_NAME)): string {
    const scheme = this.#tls === undefined ? "redis" : "rediss";
    return `${scheme}+sentinel://${this.ports.map((port) => `127.0.0.1:${port}`).join()}/${name}`;
  }

  /** The server that most sentinels take for the master. */
  async master(): Promise<RedisEngine> {
    const answers = await Promise.all(this.ports.map((port) => this.#masterPort(port)));
    return this.servers.find(({ port }) => count(answers, port) >= QUORUM)!;
  }

  /** Waits until the replica has all that the master has. */
  async replicated(): Promise<void> {
    const isDone = async () => {
      const infos = await Promise.all(
        this.servers.map((server) => server.tryCommand("INFO", "replication")),
      );
      const replica = infos.find((info) => info.includes("role:slave"));
      const offsets = infos.map((info) => /master_repl_offset:(\d+)/.exec(info)?.[1]);
      return replica?.includes("master_link_status:up") === true && offsets[0] === offsets[1];
    };
    await waitFor(isDone, { what: "a replica with all data", timeoutMs: TIMEOUT_MS });
  }

  /** Keeps the replica from what is written from now on; connections of clients stay. */
  async endReplication(): Promise<void> {
    const master = await this.master();
    // A new connection, as that of a replica, is refused.
    await master.command("CONFIG", "SET", "requirepass", CLOSED);
    await master.tryCommand("-a", CLOSED, "CLIENT", "KILL", "TYPE", "replica");
  }

  /**
   * Keeps the replica and the sentinels from the master, which lives, stays one, and keeps the connections of its clients; waits until the
   * sentinels have made the other one the master. @returns the old one
   */
  async replace(): Promise<RedisEngine> {
    const before = await this.master();
    await this.endReplication();
    const clients = await before.tryCommand("-a", CLOSED, "CLIENT", "LIST");
    for (const [, id] of clients.matchAll(/^id=(\d+) .* name=sentinel-/gm)) {
      await before.tryCommand("-a", CLOSED, "CLIENT", "KILL", "ID", id!);
    }
    await this.#replaced(before);
    return before;
  }

  /** What a master that was replaced says about its part; its clients alone can reach it. */
  async roleOf(server: RedisEngine): Promise<string> {
    return (await server.tryCommand("-a", CLOSED, "ROLE")).split("\n")[0]!;
  }

  /** Kills the master, and waits until the sentinels have made the other one the master. @returns the dead one */
  async failOver(): Promise<RedisEngine> {
    const before = await this.master();
    await before.kill();
    await this.#replaced(before);
    return before;
  }

  /** Starts a dead server as a replica of the master; the sentinels alone would take ten seconds for that. */
  async rejoin(server: RedisEngine): Promise<void> {
    const { port } = await this.master();
    await server.start();
    await server.command("REPLICAOF", "127.0.0.1", `${port}`);
    await this.replicated();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes) process.kill("SIGKILL");
    await Promise.all(this.#processes.map(({ status }) => status));
    for (const server of this.servers) await server[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #replaced(before: RedisEngine): Promise<void> {
    const isDone = async () => {
      const now = await this.master();
      return now !== undefined && now !== before &&
        (await now.tryCommand("ROLE")).startsWith("master");
    };
    await waitFor(isDone, { what: "a failover", timeoutMs: TIMEOUT_MS });
  }

  #start(port: number, masterPort: number): void {
    const file = `${this.#folder}/${port}.conf`;
    const name = JSON.stringify(MASTER_NAME);
    const lines = [
      ...(this.#tls === undefined ? [`port ${port}`] : redisTlsLines(port, this.#tls)),
      "bind 127.0.0.1",
      `dir ${this.#folder}`,
      `sentinel monitor ${name} 127.0.0.1 ${masterPort} ${QUORUM}`,
      `sentinel down-after-milliseconds ${name} ${DOWN_AFTER}`,
      `sentinel failover-timeout ${name} ${FAILOVER_TIMEOUT}`,
    ];
    const password = this.#password;
    if (password !== undefined) {
      lines.push(`requirepass ${password}`, `sentinel sentinel-pass ${password}`);
    }
    Deno.writeTextFileSync(file, `${lines.join("\n")}\n`);
    const options = { stdin: "null", stdout: "null", stderr: "null" } as const;
    this.#processes.push(
      new Deno.Command(REDIS_SERVER!, { ...options, args: [file, "--sentinel"] }).spawn(),
    );
  }

  async #isComplete(): Promise<boolean> {
    const infos = await Promise.all(this.ports.map((port) => this.#ask(port, "INFO", "sentinel")));
    return infos.every((info) =>
      info.includes(`status=ok`) && info.includes(`slaves=1,sentinels=3`)
    );
  }

  async #masterPort(port: number): Promise<number> {
    const answer = await this.#ask(port, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER_NAME);
    return Number(answer.split("\n")[1]);
  }

  async #ask(port: number, ...args: string[]): Promise<string> {
    const access = this.#password === undefined ? [] : ["-a", this.#password];
    const { stdout } = await new Deno.Command("redis-cli", {
      args: [...redisCliArguments(port, this.#tls), ...access, ...args],
      stdin: "null",
      stderr: "null",
    }).output();
    return new TextDecoder().decode(stdout).trim();
  }
}

function count(numbers: readonly number[], wanted: number): number {
  return numbers.filter((each) => each === wanted).length;
}
