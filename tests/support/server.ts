/**
 * The real server as a child process, for end-to-end tests.
 *
 * In: command-line arguments. Out: a running server on a free port with a log in a temporary folder
 * of its own, or the exit of a run that was not meant to serve. Runs what `deno task serve` runs, by
 * the Deno that runs the tests, or the executable named by `ASYNC_DENO_EXECUTABLE`. Ends only the child that it started;
 * whatever goes wrong is thrown together with what the child wrote on stderr.
 *
 * @example
 * ```ts
 * await withServer({ workers: 2 }, async (server) => {
 *   const response = await fetch(`${server.url}/healthz`);
 *   assertEquals(await response.text(), "ok");
 * });
 * ```
 */

import { PATIENCE_MS, waitFor, within } from "./wait_for.ts";

export { hold, waitFor, within } from "./wait_for.ts";

/** The top folder of the repository, as a URL that ends with a slash. */
export const REPOSITORY = new URL("../../", import.meta.url);

/** The contract of the README: a stop takes 10 s at most; the rest is for a busy machine. */
const STOP_PATIENCE_MS = 14_000;

const LOG_LINES_SHOWN = 20;

/** How a server is started. */
export interface ServerOptions {
  /** Worker threads, 1 to 256. */
  workers: number;
  /** The address to listen on; `127.0.0.1` when left out. */
  ip?: string;
  /** The port to listen on; 0, a free one, when left out. */
  port?: number;
  /** Where the log goes; a file in a temporary folder when left out. */
  log?: string;
  /** Further arguments, after the log's. */
  args?: readonly string[];
  /** A program that becomes the server, which is told what to start behind its arguments: setpriv, say. */
  through?: readonly string[];
  /** Variables beside the environment of the tests (whose own `ASYNC_DENO_*` are left out). */
  env?: Readonly<Record<string, string>>;
}

/** How a child ended and what it said. */
export interface ServerExit {
  /** The exit code; 128 + the signal's number where a signal ended it. */
  code: number;
  /** The signal that ended it, or null where it ended by itself. */
  signal: Deno.Signal | null;
  /** All that it wrote on stdout. */
  stdout: string;
  /** All that it wrote on stderr. */
  stderr: string;
}

/**
 * Starts a server and waits until it says that it listens.
 *
 * @throws {Error} with the child's stderr when it ends instead, or says nothing for 30 s
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  const logFile = options.log ?? `${folder}/server.log`;
  const ip = options.ip ?? "127.0.0.1";
  const child = new Child([
    String(options.workers),
    ip,
    String(options.port ?? 0),
    "--log",
    logFile,
    ...(options.args ?? []),
  ], { env: options.env ?? {}, through: options.through ?? [] });
  try {
    const banner = await child.banner();
    const { port, line, scheme } = banner;
    return new Server(child, { folder, logFile, ip, port, banner: line, scheme });
  } catch (error) {
    await child.end();
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
}

/**
 * Runs the server with `args` exactly and waits for its end: for runs that are meant to fail, or to
 * print and leave.
 *
 * @throws {Error} when it does not end within 30 s; it is then ended by force
 */
export async function runServer(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ServerExit> {
  const child = new Child(args, { env, through: [] });
  try {
    return await within(child.exit, { what: `the end of ${child.title}\n${child.stdout}` });
  } finally {
    await child.end();
  }
}

/**
 * Starts a server for `body` and stops it afterwards. A body that fails gets the server's output and
 * the end of its log printed, and its own error thrown (which `await using` would wrap and hide).
 *
 * @throws whatever `body` throws, and {@link Error} when the server's end was a bad one
 */
export async function withServer(
  options: ServerOptions,
  body: (server: Server) => Promise<void>,
): Promise<void> {
  const server = await startServer(options);
  try {
    await body(server);
  } catch (error) {
    console.error(await server.abandon());
    throw error;
  }
  await server[Symbol.asyncDispose]();
}

/** What {@link Server} is made of beside its process. */
interface ServerFacts {
  folder: string;
  logFile: string;
  ip: string;
  port: number;
  banner: string;
  scheme: string;
}

/** A server that listens. */
export class Server implements AsyncDisposable {
  /** `http://host:port`, or with https, without a slash at the end. */
  readonly url: string;
  /** `ws://host:port`, or with wss, without a slash at the end. */
  readonly wsUrl: string;
  /** The address it was told to listen on, without brackets. */
  readonly hostname: string;
  /** The port it listens on. */
  readonly port: number;
  /** The process id of the child. */
  readonly pid: number;
  /** The path given to `--log`. */
  readonly logFile: string;
  /** The line that named workers, port and log. */
  readonly banner: string;
  readonly #child: Child;
  readonly #folder: string;
  #stopped = false;

  /** Called by {@link startServer} alone. */
  constructor(child: Child, facts: ServerFacts) {
    const host = facts.ip.includes(":") ? `[${facts.ip}]` : facts.ip;
    this.url = `${facts.scheme}://${host}:${facts.port}`;
    this.wsUrl = `${facts.scheme.replace("http", "ws")}://${host}:${facts.port}`;
    this.hostname = facts.ip;
    this.port = facts.port;
    this.pid = child.pid;
    this.logFile = facts.logFile;
    this.banner = facts.banner;
    this.#child = child;
    this.#folder = facts.folder;
  }

  /** What it has written on stdout so far. */
  get stdout(): string {
    return this.#child.stdout;
  }

  /** What it has written on stderr so far. */
  get stderr(): string {
    return this.#child.stderr;
  }

  /** Settles when the process has ended, for whatever reason. */
  get exit(): Promise<ServerExit> {
    return this.#child.exit;
  }

  /** What the log holds now. */
  log(): Promise<string> {
    return Deno.readTextFile(this.logFile);
  }

  /**
   * Waits until the log holds `wanted`, `count` times where that is given, and gives the whole log.
   *
   * @throws {Error} with the log when that does not happen within 30 s
   */
  async waitForLog(wanted: string, count = 1): Promise<string> {
    let log = "";
    await waitFor(async () => {
      log = await this.log();
      return log.split(wanted).length > count;
    }, { what: () => `${count} × "${wanted}" in the log:\n${log}` });
    return log;
  }

  /** Sends a signal and waits for nothing. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /**
   * Sends `signal` (unless it has ended), waits for the end and gives it. May be called again.
   *
   * @throws {Error} when it has not ended after 14 s; it is then ended by force
   */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<ServerExit> {
    this.#stopped = true;
    this.#child.kill(signal);
    try {
      return await within(this.#child.exit, {
        timeoutMs: STOP_PATIENCE_MS,
        what: () => `the end after ${signal} of ${this.#child.title}\n${this.stderr}`,
      });
    } finally {
      await this.#child.end();
    }
  }

  /**
   * Stops it and removes its folder; with {@link withServer} where a failure should be explained.
   *
   * @throws {Error} when nobody looked at its end and that was a bad one: a code other than 0, or
   * anything on stderr
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const judged = this.#stopped;
    try {
      const exit = await this.stop();
      if (!judged && (exit.code !== 0 || exit.stderr !== "")) {
        throw new Error(`${this.#child.title} ended with code ${exit.code}\n${exit.stderr}`);
      }
    } finally {
      await this.#removeFolder();
    }
  }

  /** Ends it by force and removes its folder; gives what it left behind, for a reader. */
  async abandon(): Promise<string> {
    await this.#child.end();
    // Not what is no file: of /dev/full there is no end.
    const isFile = await Deno.stat(this.logFile).then(({ isFile }) => isFile, () => false);
    const log = isFile ? await this.log() : `${this.logFile} is no file`;
    await this.#removeFolder();
    const lastLines = log.split("\n").slice(-LOG_LINES_SHOWN).join("\n");
    return `--- ${this.#child.title}\n--- stdout\n${this.stdout}--- stderr\n${this.stderr}` +
      `--- end of the log\n${lastLines}`;
  }

  async #removeFolder(): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** The process: its two streams read to their ends, and its exit. */
class Child {
  readonly title: string;
  readonly pid: number;
  readonly exit: Promise<ServerExit>;
  stdout = "";
  stderr = "";
  readonly #process: Deno.ChildProcess;
  #ended = false;

  constructor(
    args: readonly string[],
    { env, through }: { env: Readonly<Record<string, string>>; through: readonly string[] },
  ) {
    const [server, before] = command();
    const [program = server, ...all] = [...through, server, ...before, ...args];
    this.title = [program, ...all].join(" ");
    this.#process = new Deno.Command(program, {
      args: all,
      cwd: REPOSITORY,
      env: { ...inheritedEnvironment(), ...env },
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pid = this.#process.pid;
    this.exit = this.#follow();
  }

  /** Waits for the line with the port and the one with the URL behind it. */
  async banner(): Promise<{ line: string; port: number; scheme: string }> {
    const [line, , scheme] = await waitFor(() => {
      if (this.#ended) throw new Error(`${this.title} ended early\n${this.stdout}${this.stderr}`);
      const socket = /^(Workers: .* \| Socket: .*)\n/m.exec(this.stdout);
      if (socket !== null) return [socket[1]!, "", "http"] as const;
      const lines = /^(Workers: .*)\n((https?):.*)\n/m.exec(this.stdout);
      return lines === null ? undefined : [lines[1]!, lines[2]!, lines[3]!] as const;
    }, { what: () => `the banner of ${this.title}\n${this.stdout}${this.stderr}` });
    if (line.includes("| Socket: ")) return { line, port: 0, scheme };
    const port = Number(/Port: (\d+)/.exec(line)?.[1]);
    if (!(port > 0)) throw new Error(`no port in the banner of ${this.title}: ${line}`);
    return { line, port, scheme };
  }

  kill(signal: Deno.Signal): void {
    if (!this.#ended) this.#process.kill(signal);
  }

  /** Ends it by force if need be; afterwards nothing of it is left, neither process nor stream. */
  async end(): Promise<void> {
    this.kill("SIGKILL");
    await within(this.exit, { timeoutMs: PATIENCE_MS, what: `the end by force of ${this.title}` });
  }

  async #follow(): Promise<ServerExit> {
    const streams = Promise.all([
      readText(this.#process.stdout, (text) => this.stdout += text),
      readText(this.#process.stderr, (text) => this.stderr += text),
    ]);
    const status = await this.#process.status;
    this.#ended = true;
    await streams;
    const { code, signal } = status;
    return { code, signal, stdout: this.stdout, stderr: this.stderr };
  }
}

/** The program, the arguments that come before the server's own, and its environment: for who starts it himself. */
export function serverCommand(): [
  program: string,
  before: string[],
  env: Record<string, string>,
] {
  return [...command(), inheritedEnvironment()];
}

/** The program and the arguments that come before the server's own. */
function command(): [string, string[]] {
  const executable = Deno.env.get("ASYNC_DENO_EXECUTABLE");
  return executable
    ? [new URL(executable, REPOSITORY).pathname, []]
    : [Deno.execPath(), serveTask()];
}

/** The arguments of `deno task serve`, so that the tests have no permission that a user has not. */
function serveTask(): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", REPOSITORY)));
  const [program, ...args] = String(tasks.serve).split(" ");
  if (program !== "deno" || args.at(-1) !== "main.ts") {
    throw new TypeError(`the task "serve" is not "deno run … main.ts": ${tasks.serve}`);
  }
  return args;
}

/** The variable by which the whole suite runs over one transport: `deno task test deno-transport`. */
const TRANSPORT = "ASYNC_DENO_TRANSPORT";

/** Whether the tests were told to run over Deno's sockets; what cannot hold there is left out by name. */
export const OVER_DENO_TRANSPORT: boolean = Deno.env.get(TRANSPORT) === "deno";

function inheritedEnvironment(): Record<string, string> {
  const entries = Object.entries(Deno.env.toObject());
  return Object.fromEntries(
    entries.filter(([name]) => !name.startsWith("ASYNC_DENO_") || name === TRANSPORT),
  );
}

async function readText(
  stream: ReadableStream<Uint8Array>,
  append: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  for await (const bytes of stream) append(decoder.decode(bytes, { stream: true }));
  append(decoder.decode());
}
