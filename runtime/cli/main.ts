/**
 * The program: from the command line to the exit code.
 *
 * In: arguments, environment, signals. Out: the banner and the exit code. An error is one line on
 * standard error that says what is wrong and what to do.
 */

import config from "../../deno.json" with { type: "json" };
import type { Config } from "../config/mod.ts";
import { ActivationError, AdminError, Executor, LogFileError, TlsError } from "../executor/mod.ts";
import { errnoText, SystemError } from "../os/mod.ts";
import { describe, faultsOf } from "./check.ts";
import { type Command, parseCommandLine } from "./command_line.ts";
import { completionsFor } from "./completions/mod.ts";
import { hashOfInput } from "./hash_password.ts";
import { healthProblem } from "./health.ts";
import { EXIT, helpText } from "./help.ts";
import { Output } from "./output.ts";
import { waitingForRestart } from "./restart.ts";
import type { Settings } from "./settings.ts";
import { startupFaults, tlsFaults } from "./startup_faults.ts";
import { INSTALLED, systemdUnit } from "./systemd.ts";
import { UsageError } from "./usage_error.ts";

const VERSION = config.version;
/** Errors whose message is for the operator, and complete. */
const OPERATOR_ERRORS = [ActivationError, AdminError, LogFileError, TlsError];
const SIGNALS = ["SIGTERM", "SIGINT"] as const;
/** As a shell reports a process that was ended by a signal. */
const SECOND_SIGNAL = { SIGTERM: 128 + 15, SIGINT: 128 + 2 } as const;

/** Runs the program with these arguments; the result is its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const command = readCommand(args);
    switch (command.type) {
      case "help":
        return print(helpText(config.version).trimEnd());
      case "version":
        return print(`async-deno ${config.version}`);
      case "check":
        return await check(command.settings);
      case "completions":
        return print(completionsFor(command.shell));
      case "systemd":
        return print(systemdUnit(executable(), command.args));
      case "hash-password":
        return print(await hashOfInput(Deno.stdin));
      case "health":
        return await health(command.config);
      case "serve":
        command.warnings.forEach(warn);
        return await serve(command.config, args);
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return fail(error.message, EXIT.usage);
  }
}

function readCommand(args: readonly string[]): Command {
  return parseCommandLine({
    args,
    variable: (name) => Deno.env.get(name),
    variables: Object.keys(Deno.env.toObject()),
    cores: navigator.hardwareConcurrency,
    readText: Deno.readTextFileSync,
  });
}

/** Reports every error, or prints the effective options. */
async function check(settings: Settings): Promise<number> {
  const { users, tls } = settings.config;
  const missing = faultsOf(settings);
  // A missing file cannot be used either: that is reported once.
  const unusable = missing.length > 0 ? [] : tlsFaults({ tls });
  const faults = [...missing, ...unusable, ...await startupFaults({ users })];
  [...settings.warnings, ...faults].forEach(warn);
  return faults.length > 0 ? EXIT.usage : print(describe(settings));
}

async function health(config: Config): Promise<number> {
  const reason = await healthProblem(config);
  return reason === undefined ? print("ok") : fail(reason, EXIT.cannotServe);
}

function executable(): string {
  return Deno.build.standalone ? Deno.execPath() : INSTALLED;
}

async function serve(config: Config, args: readonly string[]): Promise<number> {
  const [reason] = await startupFaults(config);
  if (reason !== undefined) return fail(reason, EXIT.cannotServe);
  const signals = new StopSignals(args, config);
  try {
    const executor = await Executor.start(config, {
      warn: (text) => errors.line(`async-deno: ${text}`),
      inform: (text) => informs(config) && output.line(`async-deno: ${text}`),
      version: VERSION,
    });
    print(banner(executor, config));
    signals.stop(executor);
    const { failure } = await executor.ended;
    await Promise.all([errors.flush(), output.flush()]);
    return failure === undefined ? EXIT.stopped : fail(failure, EXIT.cannotServe);
  } catch (error) {
    return fail(explain(error, config), EXIT.cannotServe);
  } finally {
    signals.dispose();
  }
}

/** What a running server says: its main thread must not wait for who reads that. */
const [output, errors] = [new Output(Deno.stdout), new Output(Deno.stderr)];

/** Whether standard output is for people to read, and for no log. */
function informs({ log, monitoring: { accessLog } }: Config): boolean {
  return log !== "-" && accessLog !== "-";
}

function banner(executor: Executor, config: Config): string {
  const { address, redirectAddress, socketPath, adminAddress } = executor;
  const { workers, log } = config;
  const admin = adminAddress === null ? [] : [`Admin: ${urlOf("http", adminAddress)}`];
  if (socketPath !== null) {
    const socket = socketPath === "" ? "handed over" : socketPath;
    return [
      "Async Deno Server",
      `Workers: ${workers} | Socket: ${socket} | Log: ${log}`,
      ...admin,
    ].join("\n");
  }
  return [
    "Async Deno Server",
    `Workers: ${workers} | Port: ${address.port} | Log: ${log}`,
    urlOf(config.tls.cert === undefined ? "http" : "https", address),
    ...(redirectAddress === null ? [] : [`${urlOf("http", redirectAddress)} redirects there`]),
    ...admin,
  ].join("\n");
}

/** The URL for a browser on this machine. */
function urlOf(scheme: string, { hostname, port }: Deno.NetAddr): string {
  const bracketed = hostname.includes(":") ? `[${hostname}]` : hostname;
  const reachable = /^(0\.0\.0\.0|\[::\])$/.test(bracketed) ? "localhost" : bracketed;
  return `${scheme}://${reachable}:${port}/`;
}

/** What {@link StopSignals} hears beside those that stop: certificate and logs are read anew. */
const RELOAD_SIGNAL = "SIGHUP";

/** The first signal stops, one that came while the server was starting too; the second ends at once. */
class StopSignals {
  readonly #args: readonly string[];
  readonly #config: Config;
  #executor: Executor | null = null;
  #asked = false;
  readonly #listeners = [
    ...SIGNALS.map((signal) => listen(signal, () => this.#hear(signal))),
    listen(RELOAD_SIGNAL, () => void this.#reload()),
  ];

  /** @param args what the program was started with, and `config` what they said then */
  constructor(args: readonly string[], config: Config) {
    this.#args = args;
    this.#config = config;
  }

  /** This is what to stop. */
  stop(executor: Executor): void {
    this.#executor = executor;
    if (this.#asked) executor.stop();
  }

  /** Removes the signal listeners. */
  dispose(): void {
    for (const remove of this.#listeners) remove();
  }

  /** What was started by the same arguments may say something else by now: the file of --config. */
  async #reload(): Promise<void> {
    if (this.#executor === null) return;
    try {
      const config = await readAgain(this.#args);
      const waiting = waitingForRestart(this.#config, config);
      if (waiting.length > 0) {
        errors.line(`async-deno: until a restart it stays as it was: ${waiting.join(", ")}`);
      }
      await this.#executor.reload(config);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      errors.line(`async-deno: not all was read anew: ${error.message}; what there was goes on`);
      await this.#executor.reload();
    }
  }

  #hear(signal: (typeof SIGNALS)[number]): void {
    if (this.#asked) Deno.exit(SECOND_SIGNAL[signal]);
    this.#asked = true;
    this.#executor?.stop();
  }
}

/** The config that the same arguments make now. @throws {UsageError} where it is none, or cannot be served */
async function readAgain(args: readonly string[]): Promise<Config> {
  const command = readCommand(args);
  if (command.type !== "serve") throw new UsageError("the arguments are for something else");
  const [fault] = await startupFaults(command.config);
  if (fault !== undefined) throw new UsageError(fault);
  return command.config;
}

/** Adds a signal listener; the result removes it. */
function listen(signal: Deno.Signal, listener: () => void): () => void {
  Deno.addSignalListener(signal, listener);
  return () => Deno.removeSignalListener(signal, listener);
}

/** Why the server could not start, and what to do. */
function explain(error: unknown, config: Config): string {
  const where = `${config.hostname} port ${config.port}`;
  if (error instanceof SystemError && config.unix.path !== undefined) {
    return `cannot listen on ${config.unix.path}: ${errnoText(error.errno)}`;
  }
  if (error instanceof Deno.errors.AddrInUse) {
    return `${where} is in use: stop the other program, or choose another PORT (0 picks a free one)`;
  }
  if (error instanceof Deno.errors.AddrNotAvailable) {
    return `this machine has no address ${config.hostname}: use one of its own, or 0.0.0.0 for all`;
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return `no permission to listen on ${where}: ports below 1024 need root or CAP_NET_BIND_SERVICE`;
  }
  if (OPERATOR_ERRORS.some((kind) => error instanceof kind)) {
    return (error as Error).message;
  }
  return `cannot serve on ${where}: ${error instanceof Error ? error.message : String(error)}`;
}

function print(text: string): number {
  console.log(text);
  return EXIT.stopped;
}

function warn(text: string): void {
  console.error(`async-deno: ${text}`);
}

function fail(text: string, code: number): number {
  warn(text);
  return code;
}
