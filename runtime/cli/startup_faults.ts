/**
 * Checks before the first thread starts: the served folder, the password files, the secrets of channels; and,
 * for `--check` alone, TLS, the app and the engine.
 *
 * In: the config. Out: one line for the operator for each fault. The threads open all of it again;
 * checked here, a mistake is reported once and names its option.
 */

import type { ChannelsConfig, Config } from "../config/mod.ts";
import { chooseTls, expectCertificates, inspectEngineOf, readAppOf } from "../executor/mod.ts";
import { errorMessage } from "../error_message.ts";
import { type NamedSecret, namedSecrets } from "./channels/mod.ts";
import { readTextFile } from "./read_config_file.ts";

const PLACES = {
  readText: (path: string) => readTextFile("the file", path, Deno.readTextFileSync),
  variable: (name: string) => Deno.env.get(name),
};

/** The sections that are checked. */
type CheckedConfig = Pick<Config, "users"> & Partial<Pick<Config, "channels" | "files">>;

/** Every fault of the folder and the password files. */
export async function startupFaults(
  { channels, files, users }: CheckedConfig,
): Promise<string[]> {
  const root = files?.root;
  const faults = users.length === 0 ? [] : await faultsOfUsers(users);
  if (channels !== undefined) faults.push(...await faultsOfSecrets(channels));
  if (root !== undefined) faults.unshift(faultOf(() => expectFolder(root)));
  return faults.filter((fault) => fault !== undefined);
}

async function faultsOfUsers(users: Config["users"]): Promise<(string | undefined)[]> {
  // Loaded only if there are users: the module that computes hashes takes long to load.
  const { readUsers } = await import("../serve/auth/mod.ts");
  return users.map((source) => faultOf(() => readUsers([source], readPasswords)));
}

/** What is wrong with the keys and secrets of channels, each by the name of its key. */
async function faultsOfSecrets(channels: ChannelsConfig): Promise<string[]> {
  const { loadChannelSecrets, readSecret } = await import("../serve/tokens/mod.ts");
  const faults = namedSecrets(channels).flatMap((secret) => {
    const { name, source, leastBytes } = secret;
    const fault = faultOf(() => readSecret(source, PLACES, leastBytes));
    return fault === undefined ? [] : [`${name}: ${fault}${hintOf(secret, fault)}`];
  });
  if (faults.length > 0) return faults;
  try {
    await loadChannelSecrets(channels, PLACES);
    return [];
  } catch (error) {
    return [`channels: ${errorMessage(error)}`];
  }
}

/** What to do about a secret. */
function hintOf({ source, newBytes }: NamedSecret, fault: string): string {
  if (source.kind === "variable") return "";
  const { path } = source;
  if (/permission denied$/.test(fault)) {
    return ": the server's user may not read it; under systemd that is a user of its own, which SupplementaryGroups= adds to the file's group";
  }
  if (/ is a folder/.test(fault)) return "";
  const where = / does not exist$/.test(fault) && !path.startsWith("/") ? ` in ${Deno.cwd()}` : "";
  return newBytes === 0
    ? where
    : `${where}; this makes one: head -c ${newBytes} /dev/urandom | base64 > ${path}`;
}

/** What is wrong with the app, and what its operator should know; for --check, which runs its top level in this thread. */
export async function checkApp({ app }: Pick<Config, "app">): Promise<AppCheck> {
  if (app === undefined) return { warnings: [], faults: [] };
  try {
    const source = await readAppOf({ app });
    const { loadApp } = await import("../serve/app/mod.ts");
    const { warnings = [] } = source === undefined ? {} : await loadApp(source);
    return { warnings, faults: [] };
  } catch (error) {
    return { warnings: [], faults: [errorMessage(error)] };
  }
}

/** What {@link checkApp} finds; lines for the operator. */
interface AppCheck {
  readonly warnings: readonly string[];
  readonly faults: readonly string[];
}

/** What {@link checkEngine} finds; lines for the operator. */
interface EngineCheck {
  /** The server; null: there is none, or it cannot be used. */
  readonly text: string | null;
  readonly warnings: readonly string[];
  readonly faults: readonly string[];
}

/** Connects once to the engine of the channels, for --check: a start goes on without it, and tries again. */
export async function checkEngine({ channels }: Pick<Config, "channels">): Promise<EngineCheck> {
  const engine = channels?.engine;
  if (engine === undefined) return { text: null, warnings: [], faults: [] };
  try {
    const { text, fault, warning } = await inspectEngineOf(engine, PLACES);
    const faults = fault === undefined ? [] : [`the engine cannot be used: ${fault}`];
    const warnings = warning === undefined ? [] : [warning];
    return { text: fault === undefined ? `${text}, at ${engine.url}` : null, warnings, faults };
  } catch (error) {
    const faults = [`engine: ${errorMessage(error)}`];
    return { text: null, warnings: [], faults };
  }
}

/** What {@link checkTls} finds; lines for the operator. */
export interface TlsCheck {
  /** What implements TLS; null: nothing, or it cannot. */
  readonly text: string | null;
  readonly warnings: readonly string[];
  readonly faults: readonly string[];
}

/** What implements TLS, or why that, certificate or key cannot be used; for --check, since a start reports it anyway. */
export async function checkTls(given: Config): Promise<TlsCheck> {
  try {
    const { config, text } = await chooseTls(given);
    return { text, warnings: await expectCertificates(config), faults: [] };
  } catch (error) {
    const faults = [errorMessage(error)];
    return { text: null, warnings: [], faults };
  }
}

function faultOf(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return errorMessage(error);
  }
}

function expectFolder(root: string): void {
  let isFolder: boolean;
  try {
    isFolder = Deno.statSync(root).isDirectory;
  } catch (error) {
    const missing = error instanceof Deno.errors.NotFound;
    const reason = missing ? "the folder does not exist" : "the folder cannot be read";
    throw new Error(`cannot serve --root ${root}: ${reason}`);
  }
  if (!isFolder) throw new Error(`cannot serve --root ${root}: it is not a folder`);
}

function readPasswords(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (error) {
    const missing = error instanceof Deno.errors.NotFound;
    throw new Error(
      missing
        ? `--basic-auth: the file ${file} does not exist; async-deno hash-password > FILE makes one`
        : `--basic-auth: the file ${file} cannot be read`,
    );
  }
}
