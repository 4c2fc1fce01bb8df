/**
 * The texts of `async-deno channels --help` and of `--help` behind each of its commands.
 *
 * In: the table of commands. Out: texts of at most 100 columns.
 */

import { helpEntry, helpParagraph, named } from "../help_entry.ts";
import { CHANNEL_COMMANDS, type ChannelCommand } from "./command_table.ts";

const PROGRAM = "async-deno channels";

const QUANTITIES = `  TIME      seconds, or a number with a unit: 10, 90s, 5m, 1h, 30d`;

const EXIT_CODES = `Exit codes:
  0   done; subscribe: stopped by SIGINT, SIGTERM or --limit, or the reader of its output has ended
  1   the server was not reached, or refused; subscribe: the server ended the subscription for good
  2   the arguments, a variable, a file or the data are wrong
  An error is one line on standard error.`;

/** The help of one command; undefined: of all. */
export function commandHelp(command: ChannelCommand | undefined): string {
  return command === undefined ? overview() : helpOf(command);
}

function overview(): string {
  const commands = CHANNEL_COMMANDS.flatMap(({ word, follows, help }) =>
    helpEntry(named(word, follows), help)
  );
  return `${PROGRAM}: use the channels of a server from a shell

Usage: ${CHANNEL_COMMANDS.map(usage).join("\n       ")}

${commands.join("\n")}

${PROGRAM} COMMAND --help lists the options of a command.

Examples:
${CHANNEL_COMMANDS.map(({ examples: [first] }) => `  ${PROGRAM} ${first}`).join("\n")}

${EXIT_CODES}`;
}

function helpOf(command: ChannelCommand): string {
  const { help, prints, flags, examples } = command;
  const options = flags.flatMap(({ flag, short, value, help, repeatable }) => {
    const name = short === undefined ? `--${flag}` : `-${short}, --${flag}`;
    return helpEntry(named(name, value), repeatable ? `${help}; may be repeated` : help);
  });
  const takesTime = flags.some(({ measure }) => measure?.value === "TIME");
  return `Usage: ${usage(command)}

${helpParagraph(help).join("\n")}

${options.join("\n")}
${takesTime ? `\n${QUANTITIES}\n` : ""}
Prints:
${helpParagraph(prints).join("\n")}

Examples:
${examples.map((example) => `  ${PROGRAM} ${example}`).join("\n")}

${EXIT_CODES}`;
}

function usage({ word, follows }: ChannelCommand): string {
  return `${PROGRAM} ${named(word, follows)} [OPTIONS]`;
}
