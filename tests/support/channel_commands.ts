/**
 * `async-deno channels …` as a user runs it: a configuration file with secrets, and the commands as processes.
 *
 * In: changes of the configuration. Out: a folder with the file, the arguments of a server with it, and the results of commands.
 */

import { type ProgramResult, runProgram } from "./program.ts";
import { serverCommand } from "./server.ts";

/** The key of the HTTP API. */
export const API_KEY = "a-key-that-only-backends-know";
/** The secret of tokens. */
export const TOKEN_SECRET = "a secret that only the backend and this server know";

const NAMESPACES = `
[channels.namespaces.chat]
history_size = 1000
history_ttl = "10m"
presence = true
[channels.namespaces.short]
history_size = 2
history_ttl = "10m"
[channels.namespaces.plain]
[channels.namespaces.open]
history_size = 10
history_ttl = "10m"
allow_recovery = true
allow_subscribe_for_client = true
allow_subscribe_for_anonymous = true
`;

/** A folder with a configuration file. */
export class ChannelFolder implements AsyncDisposable {
  readonly path: string;
  /** The configuration file. */
  readonly config: string;

  private constructor(path: string) {
    this.path = path;
    this.config = `${path}/server.toml`;
  }

  /** Makes one. @param top lines at the top of the file @param token lines of the section about tokens */
  static async make(
    { top = "", channels = "", token }: {
      readonly top?: string;
      readonly channels?: string;
      readonly token?: string;
    } = {},
  ): Promise<ChannelFolder> {
    const folder = new ChannelFolder(await Deno.makeTempDir({ prefix: "async-deno-test-" }));
    const { path } = folder;
    await Deno.writeTextFile(`${path}/api.key`, `${API_KEY}\n`);
    await Deno.writeTextFile(`${path}/token.key`, `${TOKEN_SECRET}\n`);
    const tokens = token ?? `hmac_secret_key_file = "${path}/token.key"\n`;
    await Deno.writeTextFile(
      folder.config,
      `${top}\n[channels]\n${channels}${NAMESPACES}\n[channels.token]\n${tokens}\n` +
        `[channels.api]\nkey_file = "${path}/api.key"\n`,
    );
    return folder;
  }

  /** Writes a file into the folder; returns its path. */
  async write(name: string, text: string): Promise<string> {
    const path = `${this.path}/${name}`;
    await Deno.writeTextFile(path, text);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** Runs a command to its end. */
export function runChannels(args: readonly string[], input = ""): Promise<ProgramResult> {
  const [program, before] = serverCommand();
  return runProgram(
    program,
    [...before, "channels", ...args],
    new TextEncoder().encode(input) as Uint8Array<ArrayBuffer>,
  );
}

/** The same, but it must succeed without a word on standard error. @throws {Error} */
export async function expectChannels(args: readonly string[], input = ""): Promise<string> {
  const { code, stdout, stderr } = await runChannels(args, input);
  if (code === 0 && stderr === "") return stdout;
  throw new Error(`channels ${args.join(" ")} ended with ${code}\n${stderr}`);
}
