/**
 * `async-deno channels token`: makes a token by hand.
 *
 * In: the flags, and the secret of the configuration file. Out: the token on standard output.
 */

import type { CapabilityAction } from "../../serve/tokens/mod.ts";
import { nearest } from "../../spelling/mod.ts";
import { UsageError } from "../usage_error.ts";
import type { CommandArguments } from "./command_arguments.ts";
import type { CommandIo } from "./command_io.ts";
import { jsonArgument } from "./json_argument.ts";
import { ServerSettings } from "./server_settings.ts";
import { type AllowedChannels, makeToken } from "./token_maker.ts";

/** Milliseconds: long enough to try something out, too short to be forgotten somewhere. */
const DEFAULT_LIFE = 3_600_000;

const ACTIONS: Readonly<Record<string, CapabilityAction>> = {
  sub: "sub",
  subscribe: "sub",
  pub: "pub",
  publish: "pub",
  prs: "prs",
  presence: "prs",
  hst: "hst",
  history: "hst",
};
const ACTION_LIST = "sub (subscribe), pub (publish), prs (presence), hst (history)";

/** Prints the token; the result is the exit code. @throws {UsageError} */
export async function runToken(args: CommandArguments, io: CommandIo): Promise<number> {
  const user = args.text("user");
  if (user === undefined) {
    throw new UsageError("channels token needs --user NAME: whose token it is");
  }
  const channel = args.text("channel");
  const allows = args.texts("allow").map(parseAllow);
  if (channel !== undefined && allows.length > 0) {
    throw new UsageError(
      "--allow has no effect with --channel: a subscription token opens its channel, " +
        "and what else may be done there is up to the connection token",
    );
  }
  const info = args.text("info");
  const life = args.number("expires") ?? DEFAULT_LIFE;
  const signing = await new ServerSettings(args, io).signing();
  if ("fault" in signing) throw new UsageError(signing.fault);
  const token = await makeToken(signing, {
    user,
    channel,
    expires: Math.ceil((Date.now() + life) / 1000),
    info: info === undefined ? undefined : jsonArgument("--info", info),
    allows,
  });
  return await io.print(token);
}

/** `chat:*=sub,pub`; a name may have `=` too. */
function parseAllow(text: string): AllowedChannels {
  const at = text.lastIndexOf("=");
  const [pattern, list] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
  if (pattern === "" || list === "") {
    throw new UsageError(
      `--allow must be PATTERN=ACTIONS, as 'chat:*=sub,pub', not "${text}"; the actions are ${ACTION_LIST}`,
    );
  }
  const actions = list.split(",").map((word) => parseAction(word.trim(), text));
  return { pattern, actions: [...new Set(actions)] };
}

function parseAction(word: string, text: string): CapabilityAction {
  const action = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined;
  if (action !== undefined) return action;
  const meant = nearest(word, Object.keys(ACTIONS));
  const hint = meant === undefined ? "" : `: did you mean ${meant}?`;
  throw new UsageError(
    `--allow ${text}: the actions are ${ACTION_LIST}, not "${word}"${hint}`,
  );
}
