/**
 * A Redis server for a test, which can be killed, frozen and started again.
 *
 * In: whether it keeps its data, and how much memory it has. Out: its URL, and commands by redis-cli. Port and folder stay the
 * same over a restart. Ends only the process that it started.
 */

import { type Authority, type CertificateFiles } from "./certificates.ts";
import { freePort } from "./free_port.ts";
import { findProgram } from "./process_facts.ts";
import { waitFor } from "./wait_for.ts";

/** The redis-server program, or undefined. */
export const REDIS_SERVER: string | undefined = findProgram("redis-server");

/** Appended to the name of a test that cannot run. */
export const NO_REDIS: string = REDIS_SERVER === undefined
  ? " (skipped, to install it: apt-get install redis-server)"
  : "";

/** With what a server speaks TLS, and nothing else. */
export interface RedisTlsFiles extends CertificateFiles {
  readonly authority: Authority;
}

/** The lines of a configuration with which a server, or a sentinel, listens with TLS alone, and connects so to others. */
export function redisTlsLines(port: number, { cert, key, authority }: RedisTlsFiles): string[] {
  return [
    ...["port 0", `tls-port ${port}`, `tls-cert-file ${cert}`, `tls-key-file ${key}`],
    ...[`tls-ca-cert-file ${authority.file}`, "tls-auth-clients no", "tls-replication yes"],
  ];
}

/** What redis-cli needs to reach a port. */
export function redisCliArguments(port: number, tls: RedisTlsFiles | undefined): string[] {
  return ["-p", `${port}`, ...(tls === undefined ? [] : ["--tls", "--cacert", tls.authority.file])];
}

/** The options of {@link RedisEngine.start}. */
export interface RedisEngineOptions {
  /** Keeps what it was told over a restart. */
  readonly appendOnly?: boolean;
  /** More lines of the configuration. */
  readonly args?: readonly string[];
  /** Without it there is no TLS. */
  readonly tls?: RedisTlsFiles | undefined;
}

/** The server. */
export class RedisEngine implements AsyncDisposable {
  readonly port = freePort();
  readonly #folder = Deno.makeTempDirSync({ prefix: "redis-engine-" });
  readonly #options: RedisEngineOptions;
  #process: Deno.ChildProcess | undefined;

  private constructor(options: RedisEngineOptions) {
    this.#options = options;
  }

  /** Starts a server, and waits until it answers. */
  static async start(options: RedisEngineOptions = {}): Promise<RedisEngine> {
    const engine = new RedisEngine(options);
    await engine.start();
    return engine;
  }

  /** Where it is. */
  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Its process while it runs. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts it, again after `kill`. */
  async start(): Promise<void> {
    const { appendOnly = false, args = [], tls } = this.#options;
    const lines = tls === undefined ? [`port ${this.port}`] : redisTlsLines(this.port, tls);
    const listening = lines.flatMap((line) => `--${line}`.split(" "));
    this.#process = new Deno.Command(REDIS_SERVER!, {
      args: [...listening, "--bind", "127.0.0.1", "--dir", this.#folder, "--save", ""]
        // By default it postpones writes while the disk is busy, up to two seconds.
        .concat(appendOnly ? ["--appendonly", "yes", "--appendfsync", "always"] : [], args),
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    await waitFor(async () => /^(?:PONG|NOAUTH)/.test(await this.tryCommand("PING")), {
      what: "an answer of redis-server",
    });
  }

  /** Ends it by a signal that it cannot handle. */
  async kill(): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    this.#process = undefined;
    process.kill("SIGKILL");
    await process.status;
  }

  /** Stops the process; connections stay. */
  freeze(): void {
    this.#process!.kill("SIGSTOP");
  }

  /** Lets it go on. */
  thaw(): void {
    this.#process!.kill("SIGCONT");
  }

  /** Runs a command. @throws {Error} if the server refuses it */
  async command(...args: string[]): Promise<string> {
    const text = await this.tryCommand(...args);
    if (/^\(?(?:error|ERR|NOSCRIPT|OOM|WRONGTYPE)\b/.test(text)) throw new Error(text);
    return text;
  }

  /** Runs a command; returns whatever redis-cli prints. */
  async tryCommand(...args: string[]): Promise<string> {
    const { stdout } = await new Deno.Command("redis-cli", {
      args: [...redisCliArguments(this.port, this.#options.tls), ...args],
      stdin: "null",
      stderr: "null",
    }).output();
    return new TextDecoder().decode(stdout).trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.#folder, { recursive: true });
  }
}
