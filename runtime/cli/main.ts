/**
 * The program: from the command line to the exit code.
 *
 * In: arguments, environment, signals. Out: the banner and the exit code. An error is one line on
 * standard error that says what is wrong and what to do.
 */

import config from "../../deno.json" with { type: "json" };
import { urlHost } from "../../protocol/basics.ts";
import type { Config } from "../config/mod.ts";
import {
  ActivationError,
  AdminError,
  AppError,
  chooseTls,
  DescriptorError,
  descriptorShortage,
  Executor,
  LogFileError,
  Predecessor,
  Successor,
  TlsError,
  UpgradeError,
} from "../executor/mod.ts";
import { errorMessage } from "../error_message.ts";
import { escapeControls } from "../observe/log/mod.ts";
import {
  EADDRINUSE,
  errnoText,
  memorySize,
  ownCommand,
  raiseDescriptorLimit,
  SystemError,
  usableCores,
} from "../os/mod.ts";
import { Signals } from "../signals.ts";
import { check } from "./check.ts";
import { type Command, parseCommandLine } from "./command_line.ts";
import { hashOfInput } from "./hash_password.ts";
import { giveBackRights } from "./give_back_rights.ts";
import { healthProblem } from "./health.ts";
import { EXIT, helpText } from "./help.ts";
import { isInForeground } from "./foreground.ts";
import { type LineLevel, linePrefix } from "./journal.ts";
import { Output, writeWhole } from "./output.ts";
import { RunningServer } from "./running_server.ts";
import { ServiceManager } from "./service_manager.ts";
import type { Settings } from "./settings.ts";
import { StartingServer, StoppedError } from "./starting_server.ts";
import { startupFaults } from "./startup_faults.ts";
import { UsageError } from "./usage_error.ts";

const VERSION = config.version;
/** Errors whose message is a complete line for the operator. */
const OPERATOR_ERRORS = [
  ActivationError,
  AdminError,
  AppError,
  DescriptorError,
  LogFileError,
  StoppedError,
  TlsError,
  UpgradeError,
];
/** The server that has started this process to be replaced by it, if there is one. */
let predecessor: Predecessor | null = null;
const stdout = new Output(Deno.stdout);
const stderr = new Output(Deno.stderr);

/** Runs the program with these arguments; the result is its exit code. */
export async function main(args: readonly string[], signals = new Signals()): Promise<number> {
  try {
    return await run(args, signals);
  } finally {
    signals.dispose();
    await Promise.all([stdout.drained(), stderr.drained()]);
  }
}

async function run(args: readonly string[], signals: Signals): Promise<number> {
  try {
    predecessor = Predecessor.find();
    const command = readCommand(args);
    giveBackRights(command.type === "serve" || command.type === "check" ? command.settings : null);
    if (command.type === "serve") {
      command.settings.warnings.forEach(warn);
      return await serve(command.settings, args, signals);
    }
    if (command.type === "channels") return await channels(command.args, signals);
    signals.release();
    switch (command.type) {
      case "help":
        return await print(helpText(config.version).trimEnd());
      case "version":
        return await print(`async-deno ${config.version}`);
      case "check":
        return await check(command.settings, { print, warn });
      case "completions":
        return await completions(command.shell);
      case "systemd":
        return await systemd(command);
      case "hash-password":
        return await print(await hashOfInput(Deno.stdin));
      case "upgrade":
        return await upgrade(command.pid);
      case "health":
        return await health(command.config);
    }
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof UpgradeError)) throw error;
    return fail(error.message, EXIT.usage);
  }
}

function readCommand(args: readonly string[]): Command {
  return parseCommandLine({
    args,
    variable: (name) => Deno.env.get(name),
    variables: Object.keys(Deno.env.toObject()),
    cores: usableCores(),
    memorySize,
    readText: Deno.readTextFileSync,
  });
}

/** Uses the channels of a running server. */
async function channels(args: readonly string[], signals: Signals): Promise<number> {
  const { runChannelCommand } = await import("./channel_commands/mod.ts");
  return await runChannelCommand(args, {
    variable: (name) => Deno.env.get(name),
    readText: Deno.readTextFileSync,
    status: Deno.stderr.isTerminal() ? showStatus : undefined,
    readInput: async () => new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer()),
    print,
    write: (bytes) => writeWhole(Deno.stdout, bytes),
    warn,
    signals,
  });
}

async function completions(shell: string): Promise<number> {
  const { completionsFor } = await import("./completions/mod.ts");
  return await print(completionsFor(shell));
}

async function health(config: Config): Promise<number> {
  const reason = await healthProblem(config);
  return reason === undefined ? await print("ok") : fail(reason, EXIT.cannotServe);
}

/** Has a running server replaced, and waits for the end of that. */
async function upgrade(pid: number): Promise<number> {
  const { askToUpgrade } = await import("./ask_to_upgrade.ts");
  const { isUpgraded, text } = await askToUpgrade(pid);
  return isUpgraded ? await print(text) : fail(text, EXIT.cannotServe);
}

/** Prints a unit, or the faults that prevent one; warns about what its sandbox would hide. */
async function systemd({ args, settings }: Command & { type: "systemd" }): Promise<number> {
  const [{ servicePlan }, { systemdUnit }] = await Promise.all([
    import("./service.ts"),
    import("./systemd.ts"),
  ]);
  const { service, faults, notes } = servicePlan({
    settings,
    args,
    variable: (name) => Deno.env.get(name),
    folder: Deno.cwd(),
    executable: Deno.build.standalone ? Deno.execPath() : undefined,
  });
  [...notes, ...faults].forEach(warn);
  return faults.length > 0 ? EXIT.usage : await print(systemdUnit(service));
}

async function serve(
  settings: Settings,
  args: readonly string[],
  signals: Signals,
): Promise<number> {
  const { config } = settings;
  const [reason, ...others] = await startupFaults(config);
  if (reason !== undefined) {
    others.forEach((text) => tell("error", text));
    return fail(reason, EXIT.cannotServe);
  }
  const { soft = Infinity } = raiseDescriptorLimit() ?? {};
  const inform = (text: string) => {
    if (showsNotices(config)) stdout.line(`async-deno: ${escapeControls(text)}`);
  };
  const manager = new ServiceManager((name) => Deno.env.get(name), Deno.pid);
  // Now: later another file may be there, and the kernel would say that this one was deleted.
  const executable = Deno.execPath();
  using starting = new StartingServer(config.limits.drainTime, predecessor);
  signals.handle(starting);
  try {
    const tls = await chooseTls(config);
    descriptorShortage(tls.config, soft).forEach(warn);
    const executor = await starting.run(Executor.start(tls.config, {
      warn,
      inform,
      version: VERSION,
      predecessor,
    }));
    starting[Symbol.dispose]();
    const text = banner(executor, settings, tls.text);
    stdout.line(text);
    const status = text.split("\n").slice(1).join(" | ");
    manager.ready(status);
    const readConfig = () => configOf(args);
    signals.handle(
      new RunningServer({
        executor,
        pid: Deno.pid,
        config,
        manager,
        status,
        readConfig,
        startSuccessor: (handover) => Successor.start(ownCommand(executable), handover),
        warn: (text) => executor.warn(text),
        inform: (text) => executor.inform(text),
      }),
    );
    const { failure } = await executor.ended;
    return failure === undefined ? EXIT.stopped : fail(failure, EXIT.cannotServe);
  } catch (error) {
    return fail(explain(error, config), EXIT.cannotServe);
  } finally {
    manager.dispose();
  }
}

/** Whether notices go to standard output: not if a log is written there. */
function showsNotices({ log, monitoring: { accessLog } }: Config): boolean {
  return log !== "-" && accessLog !== "-";
}

function banner(
  executor: Executor,
  { config, workersLimit }: Settings,
  tls: string | null,
): string {
  const { address, redirectAddress, socketPath, adminAddress } = executor;
  const workers = workersLimit === undefined
    ? config.workers
    : `${config.workers} (${workersLimit})`;
  const log = escapeControls(config.log);
  const admin = adminAddress === null ? [] : [`Admin: ${urlOf("http", adminAddress)}`];
  if (socketPath !== null) {
    const socket = socketPath === "" ? "from systemd" : escapeControls(socketPath);
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
    ...(tls === null ? [] : [`TLS: ${tls}`]),
    ...(redirectAddress === null ? [] : [`${urlOf("http", redirectAddress)} redirects there`]),
    ...admin,
  ].join("\n");
}

/** The URL for a browser on this machine. */
function urlOf(scheme: string, { hostname, port }: Deno.NetAddr): string {
  const bracketed = urlHost(hostname);
  const reachable = /^(0\.0\.0\.0|\[::\])$/.test(bracketed) ? "localhost" : bracketed;
  return `${scheme}://${reachable}:${port}/`;
}

/** The config that the same arguments produce now. @throws {UsageError} if it is wrong, or cannot be served */
async function configOf(args: readonly string[]): Promise<Config> {
  const command = readCommand(args);
  if (command.type !== "serve") throw new UsageError("the arguments no longer start a server");
  const { config } = command.settings;
  // Channels, with their secrets, take a restart; the files of secrets may be gone by now.
  const { channels: _, ...reloaded } = config;
  const [fault] = await startupFaults(reloaded);
  if (fault !== undefined) throw new UsageError(fault);
  return config;
}

/** Why the server could not start, and what to do. */
function explain(error: unknown, config: Config): string {
  const where = `${config.hostname} port ${config.port}`;
  if (error instanceof SystemError && config.unix.path !== undefined) {
    return `cannot listen on ${config.unix.path}: ${unixReason(error.errno, config.unix.path)}`;
  }
  if (error instanceof Deno.errors.AddrInUse) {
    return `${where} is in use: stop the other program, or choose another PORT (0 picks a free one)`;
  }
  if (error instanceof Deno.errors.AddrNotAvailable) {
    return `this machine has no address ${config.hostname}: use one that it has, or 0.0.0.0 or :: for all`;
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return `no permission to listen on ${where}: ports below 1024 need root or CAP_NET_BIND_SERVICE`;
  }
  if (OPERATOR_ERRORS.some((kind) => error instanceof kind)) {
    return (error as Error).message;
  }
  return `cannot serve on ${where}: ${errorMessage(error)}`;
}

/** Why there is no socket at a path: to the kernel, every file that is there is an address in use. */
function unixReason(errno: number, path: string): string {
  if (errno !== EADDRINUSE) return errnoText(errno);
  try {
    const { isDirectory, isSocket } = Deno.lstatSync(path);
    if (isSocket) return "another program listens there";
    return `there is a ${isDirectory ? "folder" : "file"} that is no socket; choose another path`;
  } catch {
    return errnoText(errno);
  }
}

/** Prints the output of a command, and waits for a slow reader. */
async function print(text: string): Promise<number> {
  try {
    await writeWhole(Deno.stdout, new TextEncoder().encode(`${text}\n`));
    return EXIT.stopped;
  } catch (error) {
    // A reader such as `| head` has ended: no message is needed.
    if (error instanceof Deno.errors.BrokenPipe) return EXIT.cannotServe;
    const reason = errorMessage(error);
    return fail(`cannot write to standard output: ${reason}`, EXIT.cannotServe);
  }
}

/** Shows a text on the last line of the terminal, in place of the one before. */
async function showStatus(text: string): Promise<void> {
  if (text !== "" && !isInForeground()) return;
  stderr.part(`\r\x1b[K${text}`);
  await stderr.drained();
}

function warn(text: string): void {
  tell("warning", text);
}

/** Texts name paths and values, which may contain line feeds and escape sequences. */
function tell(level: LineLevel, text: string): void {
  stderr.line(`${linePrefix(level)}async-deno: ${escapeControls(text)}`);
}

function fail(text: string, code: number): number {
  tell("error", text);
  predecessor?.refuse(text);
  return code;
}
