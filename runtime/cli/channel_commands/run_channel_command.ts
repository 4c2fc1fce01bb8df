/**
 * Runs one command of `async-deno channels`.
 *
 * In: the arguments behind the word. Out: the exit code. Each command is loaded only if it is the one, with the libraries
 * that it needs.
 */

import { EXIT } from "../help.ts";
import { type CommandArguments, parseCommand } from "./command_arguments.ts";
import { commandHelp } from "./command_help.ts";
import { CommandFailure, type CommandIo } from "./command_io.ts";
import type { ChannelWord } from "./command_table.ts";

type Run = (args: CommandArguments, io: CommandIo) => Promise<number>;

const LOAD: Readonly<Record<ChannelWord, () => Promise<Run>>> = {
  token: async () => (await import("./token_command.ts")).runToken,
  publish: async () => (await import("./publish_command.ts")).runPublish,
  subscribe: async () => (await import("./subscribe_command.ts")).runSubscribe,
  presence: async () => (await import("./presence_command.ts")).runPresence,
  history: async () => (await import("./history_command.ts")).runHistory,
};

/** Runs it. @throws {UsageError} for wrong arguments */
export async function runChannelCommand(args: readonly string[], io: CommandIo): Promise<number> {
  const parsed = parseCommand(args);
  // The other commands end at once by a signal, as any program does.
  const handlesSignals = "command" in parsed && parsed.command.word === "subscribe";
  if (!handlesSignals) io.signals.release();
  if ("helpOf" in parsed) return await io.print(commandHelp(parsed.helpOf));
  const run = await LOAD[parsed.command.word]();
  try {
    return await run(parsed, io);
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    io.warn(error.message);
    return EXIT.cannotServe;
  }
}
