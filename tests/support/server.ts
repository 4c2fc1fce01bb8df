/**
 * The real server as a child process, for end-to-end tests.
 *
 * In: command-line arguments. Out: a running server on a free port with a log in a temporary folder
 * of its own, or the exit of a run that was not meant to serve. Runs what `deno task serve` runs, with
 * the Deno that runs the tests, or the executable named by `ASYNC_DENO_EXECUTABLE`. Ends only the child that it started;
 * every error contains what the child wrote on stderr.
 *
 * @example
 * ```ts
 * await withServer({ workers: 2 }, async (server) => {
 *   const response = await fetch(`${server.url}/healthz`);
 *   assertEquals(await response.text(), "ok");
 * });
 * ```
 */

import { noteTlsPort, suiteTlsArguments } from "./suite_tls.ts";
import { SUITE_TRANSPORT } from "./suite_transport.ts";
import { DEFAULT_TIMEOUT_MS, waitFor, within } from "./wait_for.ts";

export { hold, waitFor, within } from "./wait_for.ts";

/** The top folder of the repository, as a URL that ends with a slash. */
export const REPOSITORY = new URL("../../", import.meta.url);

/** The README allows 10 s for a stop; the rest is for a busy machine. */
const STOP_TIMEOUT_MS = 14_000;

const LOG_LINES_SHOWN = 20;

/** How a server is started. */
export interface ServerOptions {
  /** Worker threads, 1 to 256; "default": the server decides. */
  workers: number | "default";
  /** The address to listen on; by default `127.0.0.1`. */
  ip?: string;
  /** The port to listen on; by default 0, a free one. */
  port?: number;
  /** The value of `--log`; by default a file in a temporary folder. */
  log?: string;
  /** Further arguments, after `--log`. */
  args?: readonly string[];
  /** A program that executes the command line after its own arguments, such as setpriv. */
  through?: readonly string[];
  /** Variables added to the environment of the tests (without the tests' own `ASYNC_DENO_*`). */
  env?: Readonly<Record<string, string>>;
}

/** How a child ended, and its output. */
export interface ServerExit {
  /** The exit code; 128 + the signal's number if a signal ended it. */
  code: number;
  /** The signal that ended it, or null if it exited by itself. */
  signal: Deno.Signal | null;
  /** Everything that it wrote on stdout. */
  stdout: string;
  /** Everything that it wrote on stderr. */
  stderr: string;
}

/**
 * Starts a server and waits until it prints that it listens.
 *
 * @throws {Error} with the child's stderr if it ends instead, or prints nothing for 30 s
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  const logFile = options.log ?? `${folder}/server.log`;
  const ip = options.ip ?? "127.0.0.1";
  const port = String(options.port ?? 0);
  const tls = suiteTlsArguments(options.args ?? []);
  const child = new Child([
    ...(options.workers === "default"
      ? ["--ip", ip, "--port", port]
      : [String(options.workers), ip, port]),
    "--log",
    logFile,
    ...(options.args ?? []),
    ...tls,
  ], { env: options.env ?? {}, through: options.through ?? [] });
  try {
    const banner = await child.banner();
    const { port: real, line, scheme } = banner;
    if (tls.length > 0) noteTlsPort(real);
    return new Server(child, { folder, logFile, ip, port: real, banner: line, scheme });
  } catch (error) {
    await child.end();
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
}

/**
 * Runs the server with exactly `args` and waits for its end: for runs that must fail, or that print
 * something and exit.
 *
 * @throws {Error} if it does not end within 30 s; it is then killed
 */
export async function runServer(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  through: readonly string[] = [],
): Promise<ServerExit> {
  const child = new Child(args, { env, through });
  try {
    return await within(child.exit, { what: `the end of ${child.title}\n${child.stdout}` });
  } finally {
    await child.end();
  }
}

/**
 * Starts a server for `body` and stops it afterwards. If `body` fails, the server's output and the end
 * of its log are printed, and the error is thrown unchanged (`await using` would wrap and hide it).
 *
 * @throws whatever `body` throws, and {@link Error} if the server did not end correctly
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

/** The parts of {@link Server} in addition to its process. */
interface ServerFacts {
  folder: string;
  logFile: string;
  ip: string;
  port: number;
  banner: string;
  scheme: string;
}

/** A listening server. */
export class Server implements AsyncDisposable {
  /** `http://host:port`, or with https, without a slash at the end. */
  readonly url: string;
  /** `ws://host:port`, or with wss, without a slash at the end. */
  readonly wsUrl: string;
  /** The address that it was told to listen on, without brackets. */
  readonly hostname: string;
  /** The port it listens on. */
  readonly port: number;
  /** The process id of the child. */
  readonly pid: number;
  /** The path given to `--log`. */
  readonly logFile: string;
  /** The banner line with workers, port and log. */
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

  /** Everything written on stdout so far. */
  get stdout(): string {
    return this.#child.stdout;
  }

  /** Everything written on stderr so far. */
  get stderr(): string {
    return this.#child.stderr;
  }

  /** Settles when the process has ended, for any reason. */
  get exit(): Promise<ServerExit> {
    return this.#child.exit;
  }

  /** The current content of the log. */
  log(): Promise<string> {
    return Deno.readTextFile(this.logFile);
  }

  /**
   * Waits until the log contains `wanted`, `count` times if given, and returns the whole log.
   *
   * @throws {Error} with the log if that does not happen within 30 s
   */
  async waitForLog(wanted: string, count = 1): Promise<string> {
    let log = "";
    await waitFor(async () => {
      log = await this.log();
      return log.split(wanted).length > count;
    }, { what: () => `${count} × "${wanted}" in the log:\n${log}` });
    return log;
  }

  /** Sends a signal and returns at once. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /**
   * Sends `signal` (unless it has ended), waits for the end and returns it. May be called again.
   *
   * @throws {Error} if it has not ended after 14 s; it is then killed
   */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<ServerExit> {
    this.#stopped = true;
    this.#child.kill(signal);
    try {
      return await within(this.#child.exit, {
        timeoutMs: STOP_TIMEOUT_MS,
        what: () => `the end after ${signal} of ${this.#child.title}\n${this.stderr}`,
      });
    } finally {
      await this.#child.end();
    }
  }

  /**
   * Stops it and removes its folder; prefer {@link withServer}, which prints the cause of a failure.
   *
   * @throws {Error} if `stop` was not called and the end was not correct: an exit code other than 0, or
   * output on stderr
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

  /** Kills it and removes its folder; returns its output and the end of its log. */
  async abandon(): Promise<string> {
    await this.#child.end();
    // Only regular files: /dev/full has no end.
    const isFile = await Deno.stat(this.logFile).then(({ isFile }) => isFile, () => false);
    const log = isFile ? await this.log() : `${this.logFile} is not a file`;
    await this.#removeFolder();
    const lastLines = log.split("\n").slice(-LOG_LINES_SHOWN).join("\n");
    return `--- ${this.#child.title}\n--- stdout\n${this.stdout}--- stderr\n${this.stderr}` +
      `--- end of the log\n${lastLines}`;
  }

  async #removeFolder(): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** The process: its two streams, read to their ends, and its exit. */
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

  /** Waits for the line with the port and the URL on the next line. */
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

  /** Kills it if necessary; afterwards neither process nor stream is open. */
  async end(): Promise<void> {
    this.kill("SIGKILL");
    await within(this.exit, {
      timeoutMs: DEFAULT_TIMEOUT_MS,
      what: `the end after SIGKILL of ${this.title}`,
    });
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

/** The program, the arguments before the server's own, and its environment: for tests that start the server themselves. */
export function serverCommand(): [
  program: string,
  before: string[],
  env: Record<string, string>,
] {
  return [...command(), inheritedEnvironment()];
}

/** The program and the arguments before the server's own. */
function command(): [string, string[]] {
  const executable = Deno.env.get("ASYNC_DENO_EXECUTABLE");
  return executable
    ? [new URL(executable, REPOSITORY).pathname, []]
    : [Deno.execPath(), serveTask()];
}

/** The arguments of `deno task serve`, so that the tests have only the permissions that a user has. */
function serveTask(): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", REPOSITORY)));
  const [program, ...args] = String(tasks.serve).split(" ");
  if (program !== "deno" || args.at(-1) !== "main.ts") {
    throw new TypeError(`the task "serve" is not "deno run … main.ts": ${tasks.serve}`);
  }
  return args;
}

/** The variables that apply to the servers of the whole suite; the other one is `off` or `auto`. */
const OF_SUITE: readonly string[] = [SUITE_TRANSPORT, "ASYNC_DENO_IO_URING"];

function inheritedEnvironment(): Record<string, string> {
  const all = Deno.env.toObject();
  const entries = Object.entries(all).filter(([name]) =>
    !name.startsWith("ASYNC_DENO_") || OF_SUITE.includes(name)
  );
  return { ...warmUp(all), ...Object.fromEntries(entries) };
}

/** From source most servers of the tests do not warm up, which costs CPU at each start; executables do. */
function warmUp({ ASYNC_DENO_EXECUTABLE }: Record<string, string>): Record<string, string> {
  return ASYNC_DENO_EXECUTABLE ? {} : { ASYNC_DENO_WARM_UP: "off" };
}

async function readText(
  stream: ReadableStream<Uint8Array>,
  append: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  for await (const bytes of stream) append(decoder.decode(bytes, { stream: true }));
  append(decoder.decode());
}
