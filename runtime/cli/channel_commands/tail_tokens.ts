/**
 * The tokens with which `channels subscribe` connects.
 *
 * In: its flags, and the secret of the configuration file. Out: tokens for each connection: those that are given, the present text of a
 * file, ones that are made for a minute, or none.
 */

import { readTextFile } from "../read_config_file.ts";
import { UsageError } from "../usage_error.ts";
import type { CommandArguments } from "./command_arguments.ts";
import type { CommandIo } from "./command_io.ts";
import type { ServerSettings, TokenSigning } from "./server_settings.ts";

/** The tokens of one connection. */
export interface Tokens {
  readonly connection?: string | undefined;
  readonly subscription?: string | undefined;
}

/** Where tokens come from. */
export interface TokenSource {
  /** Whether they may differ the next time. */
  readonly isRenewed: boolean;
  /** What to do if the server refuses them. */
  readonly hint: string;
  /** Those of the next connection. @throws {UsageError} */
  next(): Promise<Tokens>;
}

/** Seconds until a token that is made here has to be used. */
const LIFE = 60;

/** The source that the flags mean. @throws {UsageError} */
export async function tokenSource(
  args: CommandArguments,
  io: CommandIo,
  { settings, channel }: { readonly settings: ServerSettings; readonly channel: string },
): Promise<TokenSource> {
  args.exclude("token", "token-file");
  const [token, file] = [args.text("token"), args.text("token-file")];
  const subscription = args.text("subscription-token");
  const user = args.text("user");
  if (token === undefined && file === undefined) {
    if (subscription !== undefined) {
      throw new UsageError(
        "--subscription-token needs --token or --token-file, the token of the same user's connection",
      );
    }
    return madeTokens(await settings.signing(), { user, channel });
  }
  if (user !== undefined) {
    throw new UsageError("--user has no effect with a token, which says whose it is");
  }
  const next = (): Tokens => {
    return { connection: token ?? readToken(file!, io), subscription };
  };
  next(); // a file that cannot be read is a mistake now, and not later
  const isRenewed = file !== undefined;
  const hint = isRenewed
    ? "the token in the file is not valid"
    : "the token is not valid: it may have expired, or be signed with another secret";
  return { isRenewed, hint, next: () => Promise.resolve(next()) };
}

function readToken(path: string, { readText }: CommandIo): string {
  const token = readTextFile("the token", path, readText).trim();
  if (/^[\w.-]+$/.test(token)) return token;
  throw new UsageError(`--token-file ${path} does not have one token, and nothing else`);
}

function madeTokens(
  signing: TokenSigning | { readonly fault: string },
  { user = "", channel }: { readonly user: string | undefined; readonly channel: string },
): TokenSource {
  if ("fault" in signing) {
    if (user !== "") throw new UsageError(`--user: ${signing.fault}`);
    const hint =
      `it wants a token: --token, --token-file, or --config with the secret (${signing.fault})`;
    return { isRenewed: false, hint, next: () => Promise.resolve({}) };
  }
  const next = async () => {
    const { makeToken } = await import("./token_maker.ts");
    const expires = Math.ceil(Date.now() / 1000) + LIFE;
    const common = { user, expires, opensForever: true };
    // The history is for the recovery after a lost connection.
    const allows = [{ pattern: channel, actions: ["sub", "hst"] as const }];
    return {
      connection: await makeToken(signing, { ...common, allows }),
      subscription: await makeToken(signing, { ...common, channel }),
    };
  };
  const hint = "its secret of tokens, audience or issuer is another one, or its clock differs";
  return { isRenewed: true, hint, next };
}
