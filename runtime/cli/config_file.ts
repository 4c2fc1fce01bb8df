/**
 * The configuration file: options by their names, in TOML or JSON.
 *
 * In: the file's name, whose ending selects the format, and its text. Out: the values of each option
 * as the texts that the command line would have, and one line for each key or value that cannot be
 * one. A file is flat: `max-connections = 500` without a section; a repeatable option is a list. The section `tls`
 * and the section `app` are exceptions (tls_section.ts, app_section.ts), and the sections `channels` and `pusher`, which are no options (channels/).
 * The texts are checked by the options themselves, as those of a flag or a variable are.
 */

import { parse as parseToml, TomlError } from "smol-toml";
import type { ChannelsConfig } from "../config/mod.ts";
import { flattenAppSection } from "./app_section.ts";
import { centrifugoHint, readChannelsSection, readPusherSection } from "./channels/mod.ts";
import { likelyFlag } from "./likely_flag.ts";
import { AT_THE_TOP, misplacedHint } from "./misplaced_key.ts";
import { nearest } from "../spelling/mod.ts";
import { type Option, OPTIONS } from "./options/mod.ts";
import { flattenTlsSection } from "./tls_section.ts";
import { UsageError } from "./usage_error.ts";

/** The contents of a configuration file. */
export interface FileOptions {
  /** The file's name as it was given. */
  readonly path: string;
  /** By flag, the values as texts of the command line. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** One line for each unknown key, and each value of a wrong type. */
  readonly faults: readonly string[];
  /** The sections of channels and of the Pusher protocol; undefined: there is neither. */
  readonly channels: ChannelsConfig | undefined;
}

/** Parses the text of a file. @param engineUrl that of `--engine`; default: the file's own @throws {UsageError} for a text that is not TOML or JSON at all */
export function parseConfigFile(path: string, text: string, engineUrl?: string): FileOptions {
  const values = new Map<string, readonly string[]>();
  const faults: string[] = [];
  const { channels: section, pusher, ...parsed } = parseObject(path, text);
  const url = engineUrl ?? (typeof parsed.engine === "string" ? parsed.engine : undefined);
  const channels = channelsOf(path, { section, pusher }, { faults, url });
  for (const [key, value] of entriesOf(path, parsed, faults)) {
    const option = OPTIONS.find(({ flag }) => flag === key);
    const texts = option === undefined ? undefined : textsOf(option, value);
    if (values.has(key)) faults.push(`${key} is given twice in ${path}: alone, and in its section`);
    else if (texts !== undefined) values.set(key, texts);
    else if (option === undefined) faults.push(unknownKey(path, key, value, parsed));
    else faults.push(wrongType(path, option, value));
  }
  return { path, values, faults, channels };
}

function channelsOf(
  path: string,
  { section, pusher }: { readonly section: unknown; readonly pusher: unknown },
  { faults, url }: { readonly faults: string[]; readonly url: string | undefined },
): ChannelsConfig | undefined {
  if (section === undefined && pusher === undefined) return undefined;
  if (section !== undefined && !isSection(section)) {
    faults.push(`channels in ${path} must be a table, [channels]`);
    return undefined;
  }
  const { config, faults: its } = readChannelsSection(path, section ?? {}, url);
  faults.push(...its);
  if (pusher === undefined) return config;
  if (isSection(pusher)) return readPusherSection(path, pusher, { faults, channels: config });
  faults.push(`pusher in ${path} must be a table, with a table [pusher.apps.NAME] for each app`);
  return undefined;
}

/** The keys of the file; those of the sections `tls` and `app` as if they were at the top. */
function entriesOf(
  path: string,
  parsed: Readonly<Record<string, unknown>>,
  faults: string[],
): readonly (readonly [string, unknown])[] {
  return Object.entries(parsed).flatMap(([key, value]) => {
    if (key === "app" && isSection(value)) return flattenAppSection(value);
    if (key !== "tls" || !isSection(value)) return [[key, value] as const];
    const flat = flattenTlsSection(path, value);
    if (typeof flat !== "string") return flat;
    faults.push(flat);
    return [];
  });
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Date);
}

function parseObject(path: string, text: string): Record<string, unknown> {
  const parse = PARSERS.find(([ending]) => path.toLowerCase().endsWith(ending))?.[1];
  if (parse === undefined) {
    throw new UsageError(`--config takes a file whose name ends in .toml or .json, not ${path}`);
  }
  // RFC 8259 section 8.1: a parser may ignore the byte order mark that some editors write.
  const parsed = parse(path, text.replace(/^\ufeff/, ""));
  if (isSection(parsed)) return parsed;
  throw new UsageError(`${path} must contain one object, whose keys are options`);
}

const PARSERS: readonly (readonly [string, (path: string, text: string) => unknown])[] = [
  [".toml", (path, text) => {
    try {
      return parseToml(text);
    } catch (error) {
      if (!(error instanceof TomlError)) throw error;
      // The lines below the first one draw the place.
      const reason = error.message.split("\n")[0]!.replace(/^Invalid TOML document: /, "");
      const hint = quotesHint(text.split("\n")[error.line - 1] ?? "");
      const place = `${path}:${error.line}:${error.column}`;
      throw new UsageError(`${place} is not valid TOML: ${reason}${hint}`);
    }
  }],
  [".json", (path, text) => {
    try {
      const parsed = JSON.parse(text);
      expectEachKeyOnce(path, text);
      return parsed;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new UsageError(`${path} is not valid JSON: ${error.message.replaceAll(/\s+/g, " ")}`);
    }
  }],
];

/** A text without its quotes, the most usual mistake; empty: it is another one. */
function quotesHint(line: string): string {
  const found = /^\s*(?<key>[\w-]+)\s*=\s*(?<value>[\w./~*][^"'#,=]*?)\s*(?:#.*)?$/.exec(line);
  const { key, value } = found?.groups ?? {};
  const isValue = value !== undefined && /^(?:true|false|[\d._+-]+)$/.test(value);
  return key === undefined || isValue ? "" : `: did you mean ${key} = "${value}", in quotes?`;
}

/** JSON.parse takes the last value of a key that appears twice in one object. @throws {UsageError} */
function expectEachKeyOnce(path: string, text: string): void {
  // The keys of the objects and arrays that are open, the innermost last.
  const open: Set<string>[] = [];
  for (const [token, key] of text.matchAll(/("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (/^[{[]$/.test(token)) open.push(new Set());
    else if (/^[}\]]$/.test(token)) open.pop();
    if (key === undefined) continue;
    const name: string = JSON.parse(key);
    if (open.at(-1)!.has(name)) {
      throw new UsageError(`the key "${name}" appears twice in ${path}`);
    }
    open.at(-1)!.add(name);
  }
}

/** The texts of a value; undefined if its type is wrong. */
function textsOf(option: Option, value: unknown): readonly string[] | undefined {
  if (Array.isArray(value)) {
    const texts = value.map((one) => textOf(option, one));
    return option.repeatable && texts.every((text) => text !== undefined) ? texts : undefined;
  }
  const text = textOf(option, value);
  return text === undefined ? undefined : [text];
}

/** Any scalar for a number or a switch, so that `"16m"`, `"yes"` and 1 reach their parsers; else a string. */
function textOf(option: Option, value: unknown): string | undefined {
  const types = isText(option) ? ["string"] : ["string", "number", "boolean"];
  return types.includes(typeof value) && value !== "" ? String(value) : undefined;
}

function isText({ value, range }: Option): boolean {
  return value !== undefined && range === undefined;
}

function wrongType(path: string, option: Option, written: unknown): string {
  const { flag, value, repeatable } = option;
  const kind = isText(option)
    ? "a string that is not empty"
    : value === undefined
    ? "true or false"
    : "a number, or a string with a unit";
  const wrong = `${flag} in ${path} must be ${kind}${repeatable ? ", or a list of such" : ""}`;
  if (!isSection(written)) return wrong;
  const example = value === undefined ? "true" : `"${value}"`;
  return `${wrong}, and not a table: write ${flag} = ${example} ${AT_THE_TOP}`;
}

/** Keys of sections that are no option with a prefix, and are written alone. */
const OWN_KEYS: Readonly<Record<string, readonly string[]>> = {
  app: ["file", "watch"],
  tls: ["implementation"],
};

function unknownKey(
  path: string,
  key: string,
  value: unknown,
  parsed: Readonly<Record<string, unknown>>,
): string {
  // Keys of these sections have the prefix by now.
  const [, section = "", rest = ""] = /^(app|tls)-(.+)$/.exec(key) ?? [];
  const table = parsed[section];
  if (isSection(table) && Object.hasOwn(table, rest)) {
    const own = nearest(rest, OWN_KEYS[section]!);
    const hint = misplacedHint(rest) ??
      (own === undefined ? hintFor(key, value) : `did you mean ${own}?`)
        .replace(`mean ${section}-`, "mean ");
    return `[${section}] in ${path}: unknown key "${rest}": ${hint}`;
  }
  return `unknown key "${key}" in ${path}: ${centrifugoHint(key, "") ?? hintFor(key, value)}`;
}

function hintFor(key: string, value: unknown): string {
  const meant = likelyFlag(key, OPTIONS.map(({ flag }) => flag));
  if (meant !== undefined) return `did you mean ${meant}?`;
  return isSection(value)
    ? "the file has no sections but tls, app, channels and pusher, each option is a key at the top"
    : "--help lists all options";
}
