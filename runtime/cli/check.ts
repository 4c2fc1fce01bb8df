/**
 * `--check`: reports every error of the settings, or prints the effective options, and what would be used: TLS, engine, proxy, io_uring.
 *
 * In: the settings. Out: one line for each error, or a text that is itself a configuration file, with
 * the source of each value as a comment. Looks at the files and folders that options name, loads the app, and connects to the engine;
 * changes nothing, and opens no port.
 */

import { stringify } from "smol-toml";
import type { Config } from "../config/mod.ts";
import { descriptorFault, descriptorShortage, ioUringUse } from "../executor/mod.ts";
import { errorMessage } from "../error_message.ts";
import { escapeControls } from "../observe/log/mod.ts";
import { descriptorLimit } from "../os/mod.ts";
import { EXIT } from "./help.ts";
import { type Option, OPTIONS, WORKERS } from "./options/mod.ts";
import type { Settings } from "./settings.ts";
import { checkApp, checkEngine, checkTls, startupFaults } from "./startup_faults.ts";

/** Values of file options that name no file. */
const NO_FILES: readonly string[] = ["-", "off"];
const COMMENT_AT = 40;

/** Where it writes. */
export interface CheckOutput {
  /** Prints a text; the exit code. */
  print(text: string): Promise<number>;
  warn(text: string): void;
}

/** Reports every error, or prints the effective options. Returns the exit code. */
export async function check(settings: Settings, { print, warn }: CheckOutput): Promise<number> {
  const { config } = settings;
  const missing = faultsOf(settings);
  // A missing file cannot be used either: that is reported once.
  const isWhole = missing.length === 0;
  const nothing = { text: null, warnings: [], faults: [] };
  const tls = isWhole ? await checkTls(config) : nothing;
  const app = isWhole ? await checkApp(config) : nothing;
  const unusable = await startupFaults({ users: config.users, channels: config.channels });
  const engine = isWhole && unusable.length === 0 ? await checkEngine(config) : nothing;
  const tooFew = descriptorFault(config);
  const faults = [
    ...missing,
    ...tooFew === undefined ? [] : [tooFew],
    ...tls.faults,
    ...app.faults,
    ...engine.faults,
    ...unusable,
  ];
  [
    ...settings.warnings,
    ...tls.warnings,
    ...app.warnings,
    ...engine.warnings,
    // By the hard limit, because the server raises the soft limit to it.
    ...descriptorShortage(config, descriptorLimit()?.hard ?? Infinity),
    ...faults,
  ].forEach(warn);
  if (faults.length > 0) return EXIT.usage;
  const chosen = tls.text === null ? [] : [`# TLS: ${tls.text}`];
  if (engine.text !== null) chosen.push(`# Engine: ${engine.text}`);
  const proxy = proxyText(config);
  if (proxy !== undefined) chosen.push(`# Proxy: ${proxy}`);
  chosen.push(`# io_uring: ${ioUringUse(config).text}`);
  return await print(`${describe(settings)}\n\n${chosen.join("\n")}`);
}

/** Which backend is asked about what; the rest of its addresses may be secret. */
function proxyText({ channels }: Config): string | undefined {
  if (channels?.proxy === undefined) return undefined;
  const asked = Object.entries(channels.proxy.endpoints).map(([event, url]) => {
    return `${event} by ${new URL(url).origin}`;
  });
  return asked.join(", ");
}

/** Every error, also of files and folders on disk. */
function faultsOf({ config, faults }: Settings): string[] {
  const missing = OPTIONS.flatMap((option) => {
    return option.valuesOf(config).flatMap((value) => {
      const fault = NO_FILES.includes(value) ? undefined : lookAt(option, value);
      return fault === undefined ? [] : [`--${option.flag} ${value}: ${fault}`];
    });
  });
  return [...faults, ...missing];
}

/** The effective values as a configuration file. */
function describe({ config, origins, workersLimit, workersExcess }: Settings): string {
  const headings = [...new Set(OPTIONS.map(({ group }) => group))];
  return headings.map((heading) => {
    const options = OPTIONS.filter(({ group }) => group === heading);
    const lines = options.map((option) => {
      const origin = origins.get(option.flag) ?? "default";
      const note = option === WORKERS ? workersLimit ?? workersExcess : undefined;
      const comment = note === undefined ? origin : `${origin}, ${note}`;
      return `${setting(option, config).padEnd(COMMENT_AT)} # ${escapeControls(comment)}`;
    });
    return [`# ${heading}`, ...lines].join("\n");
  }).join("\n\n");
}

function setting(option: Option, config: Config): string {
  const values = option.valuesOf(config).map((text) => typed(option, text));
  if (option.repeatable) return stringify({ [option.flag]: values }).trim();
  // An option that is off has no value that a file could have.
  return values.length === 0 ? `# ${option.flag}` : stringify({ [option.flag]: values[0] }).trim();
}

function typed({ value, range }: Option, text: string): string | number | boolean {
  if (value === undefined) return text === "true";
  return range === undefined ? text : Number(text);
}

/** What is wrong with the file or folder, or undefined. */
function lookAt({ names }: Option, path: string): string | undefined {
  if (names === undefined) return undefined;
  try {
    if (names === "folder") return Deno.statSync(path).isDirectory ? undefined : "is not a folder";
    if (names === "file") return readable(path);
    const folder = path.includes("/") ? path.replace(/\/[^/]*$/, "/") : ".";
    return Deno.statSync(folder).isDirectory ? undefined : "its folder is not a folder";
  } catch (error) {
    const it = names === "new file" ? "its folder " : "";
    if (error instanceof Deno.errors.NotFound) return `${it}does not exist`;
    if (error instanceof Deno.errors.PermissionDenied) return "cannot be read by this user";
    return errorMessage(error);
  }
}

function readable(path: string): string | undefined {
  if (Deno.statSync(path).isDirectory) return "is a folder, not a file";
  Deno.openSync(path).close();
  return undefined;
}
