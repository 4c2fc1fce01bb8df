/**
 * `async-deno channels …`: tokens made by hand, and the channels of a running server from a shell.
 *
 * ```ts
 * import { CHANNEL_COMMANDS, commandHelp, parseCommand } from "./mod.ts";
 *
 * const parsed = parseCommand(["history", "chat:lobby", "--limit", "5"]);
 * if ("command" in parsed) console.log(parsed.command.word, parsed.number("limit")); // history 5
 * console.log(commandHelp(CHANNEL_COMMANDS[0]));
 * ```
 *
 * @module
 */

export { parseCommand } from "./command_arguments.ts";
export { commandHelp } from "./command_help.ts";
export type { CommandIo } from "./command_io.ts";
export { CHANNEL_COMMANDS, type ChannelCommand, type CommandFlag } from "./command_table.ts";
export { runChannelCommand } from "./run_channel_command.ts";
