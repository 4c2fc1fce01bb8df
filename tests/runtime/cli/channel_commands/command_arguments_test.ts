/**
 * The arguments of `async-deno channels`: what is wrong with them is said in one line that names the flag, the range, and what was
 * most likely meant. That each ends with exit code 2 is checked with the real program in tests/e2e/channels/.
 */

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parseCommand } from "../../../../runtime/cli/channel_commands/command_arguments.ts";
import { CHANNEL_COMMANDS, commandHelp } from "../../../../runtime/cli/channel_commands/mod.ts";
import { parseCommandLine } from "../../../../runtime/cli/command_line.ts";
import { COMMANDS } from "../../../../runtime/cli/options/mod.ts";
import { UsageError } from "../../../../runtime/cli/usage_error.ts";

const WORDS = "channels needs one of the commands token, publish, subscribe, presence, history";

/** Arguments as a shell splits them at blanks, and the whole message. */
const ROWS: readonly (readonly [args: string, message: string])[] = [
  ["", `${WORDS}: async-deno channels --help explains them`],
  ["help", `${WORDS}, not "help": did you mean --help?`],
  ["publsh", `${WORDS}, not "publsh": did you mean publish?`],
  ["sub", `${WORDS}, not "sub": did you mean subscribe?`],
  ["tail", `${WORDS}, not "tail": did you mean subscribe?`],
  ["gentoken", `${WORDS}, not "gentoken": did you mean token?`],
  ["frobnicate", `${WORDS}, not "frobnicate"`],
  ["--config a.toml publish", `${WORDS} before all options, not "--config"`],
  ["publish", "channels publish needs the name of a channel"],
  ["publish a", "channels publish needs the data, JSON, or - to read it from standard input"],
  [
    "publish a b c",
    'channels publish has too many arguments, from "c" on: data with blanks has to be quoted, as ' +
    "'{\"a\": 1}'",
  ],
  ["token ann", 'channels token has too many arguments, from "ann" on: did you mean --user?'],
  [
    "history a b",
    'channels history has too many arguments, from "b" on: it takes one channel',
  ],
  ["history a --limt 5", "unknown option --limt: did you mean --limit 5?"],
  ["history a --offset 5", "unknown option --offset: did you mean --since 5?"],
  ["history a -n 5", "unknown option -n: did you mean --limit 5?"],
  ["publish a 1 --port 80", "unknown option --port: did you mean --url 80?"],
  ["publish a 1 --key x", "unknown option --key: did you mean --api-key-file x?"],
  ["subscribe a --cacert x", "unknown option --cacert: did you mean --ca x?"],
  ["token --ttl 5m", "unknown option --ttl: did you mean --expires 5m?"],
  ["token --caps x", "unknown option --caps: did you mean --allow x?"],
  // A flag of another command.
  [
    "publish a 1 --reverse",
    "unknown option --reverse: async-deno channels publish --help lists all options",
  ],
];

for (const [args, message] of ROWS) {
  Deno.test(`channels, wrong arguments: ${args}`, () => {
    const given = args === "" ? [] : args.split(" ");
    assertEquals(assertThrows(() => parseCommand(given), UsageError).message, message);
  });
}

Deno.test("channels, arguments: numbers and times have ranges; a flag has one value; a switch none", () => {
  const parsed = (args: string) => {
    const command = parseCommand(args.split(" "));
    if (!("command" in command)) throw new TypeError("the help is wanted");
    return command;
  };
  const refusal = (act: () => unknown) => assertThrows(act, UsageError).message;
  assertEquals(parsed("token --expires 5m").number("expires"), 300_000);
  assertEquals(parsed("history a --limit 0").number("limit"), 0);
  assertEquals(parsed("history a").number("limit"), undefined);
  assertEquals(
    refusal(() => parsed("token --expires 11y").number("expires")),
    '--expires must be a time from 1s to 3650d (seconds, or with a unit: 500ms, 10s, 5m, 1h), not "11y"',
  );
  assertEquals(
    refusal(() => parsed("subscribe a --limit 0").number("limit")),
    '--limit must be a whole number from 1 to 9007199254740991, not "0"',
  );
  assertEquals(
    refusal(() => parsed("history a --since -1").number("since")),
    '--since must be a whole number from 0 to 9007199254740991, not "-1"',
  );
  assertEquals(refusal(() => parsed("token --user=").text("user")), "--user needs a value");
  assertEquals(
    refusal(() => parsed("token --user a --user b").text("user")),
    "--user is given more than once",
  );
  assertEquals(
    refusal(() => parsed("history a --reverse=1").isOn("reverse")),
    "--reverse takes no value",
  );
  assertEquals(parsed("presence a --stats").isOn("stats"), true);
  assertEquals(parsed("publish a -").positional, ["a", "-"]);
  assertEquals(parsed("publish a -- -1").positional, ["a", "-1"]);
  assertEquals(
    refusal(() => parsed("subscribe a --token b --token-file c").exclude("token", "token-file")),
    "--token excludes --token-file",
  );
});

Deno.test("channels, help: every command and every flag, and no line is too long", () => {
  const texts = [undefined, ...CHANNEL_COMMANDS].map((command) => {
    const text = commandHelp(command);
    const longest = Math.max(...text.split("\n").map(({ length }) => length));
    assert(longest <= 100, `a line of the help has ${longest} characters`);
    assertStringIncludes(text, "Exit codes:");
    for (const { flag } of command?.flags ?? []) assertStringIncludes(text, `--${flag}`);
    return text;
  });
  for (const { word } of CHANNEL_COMMANDS) assertStringIncludes(texts[0]!, `channels ${word}`);
  assertEquals(parseCommand(["--help"]), { helpOf: undefined });
  const [token] = CHANNEL_COMMANDS;
  assertEquals(parseCommand(["token", "--frobnicate", "-h"]), { helpOf: token });
});

Deno.test("channels, help: the command's row names all of its commands", () => {
  const words = CHANNEL_COMMANDS.map(({ word }) => word);
  assertEquals(COMMANDS.find(({ word }) => word === "channels")?.choices, words);
});

Deno.test("channels: the words are commands of the program only behind `channels`", () => {
  const parse = (...args: string[]) =>
    parseCommandLine({
      args,
      variable: () => undefined,
      variables: [],
      cores: { count: 2 },
      readText: () => "",
    });
  assertEquals(parse("channels", "publish", "--x"), { type: "channels", args: ["publish", "--x"] });
  for (const { word } of CHANNEL_COMMANDS) {
    const { message } = assertThrows(() => parse(word), UsageError);
    assertStringIncludes(message, `did you mean the command "async-deno channels ${word}"?`);
  }
});
