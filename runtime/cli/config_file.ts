/**
 * The configuration file: options by their names, in TOML or JSON.
 *
 * In: the file's name, whose ending tells the format, and its text. Out: the values of each option as
 * texts, as if they had been written on the command line, and what is wrong with the rest. A file is
 * flat: `max-connections = 500` stands at the top, and a repeatable option is a list.
 */

import { parse as parseToml, TomlError } from "smol-toml";
import { nearest } from "./nearest.ts";
import { type Option, OPTIONS } from "./options/mod.ts";
import { UsageError } from "./usage_error.ts";

/** What a configuration file says. */
export interface FileOptions {
  /** The file's name, as it was given. */
  readonly path: string;
  /** By the option's flag; each value as it would stand on the command line. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** Keys that there are not, and values that cannot be one. */
  readonly faults: readonly string[];
}

/** Reads the text of a file. @throws {UsageError} for what is no TOML or JSON at all */
export function parseConfigFile(path: string, text: string): FileOptions {
  const values = new Map<string, readonly string[]>();
  const faults: string[] = [];
  for (const [key, value] of Object.entries(parseObject(path, text))) {
    const option = OPTIONS.find(({ flag }) => flag === key);
    const texts = option === undefined ? undefined : textsOf(option, value);
    if (texts !== undefined) values.set(key, texts);
    else faults.push(option === undefined ? unknownKey(path, key) : wrongType(path, option));
  }
  return { path, values, faults };
}

function parseObject(path: string, text: string): Record<string, unknown> {
  const parse = PARSERS.find(([ending]) => path.toLowerCase().endsWith(ending))?.[1];
  if (parse === undefined) {
    throw new UsageError(`--config takes a .toml or a .json file, and ${path} is neither`);
  }
  // RFC 8259 section 8.1: some editors write a byte order mark, which says nothing here.
  const parsed = parse(path, text.replace(/^\ufeff/, ""));
  if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) {
    return parsed as Record<string, unknown>;
  }
  throw new UsageError(`${path} is not an object with the options as its keys`);
}

const PARSERS: readonly (readonly [string, (path: string, text: string) => unknown])[] = [
  [".toml", (path, text) => {
    try {
      return parseToml(text);
    } catch (error) {
      if (!(error instanceof TomlError)) throw error;
      // Below the first line the message draws the place.
      const reason = error.message.split("\n")[0]!.replace(/^Invalid TOML document: /, "");
      throw new UsageError(`${path}:${error.line}:${error.column} is no TOML: ${reason}`);
    }
  }],
  [".json", (path, text) => {
    try {
      return JSON.parse(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new UsageError(`${path} is no JSON: ${error.message.replaceAll(/\s+/g, " ")}`);
    }
  }],
];

/** The value as one would write it on the command line; undefined: of the wrong type. */
function textsOf(option: Option, value: unknown): readonly string[] | undefined {
  if (Array.isArray(value)) {
    const texts = value.map((one) => textOf(option, one));
    return option.repeatable && texts.every((text) => text !== undefined) ? texts : undefined;
  }
  const text = textOf(option, value);
  return text === undefined ? undefined : [text];
}

function textOf(option: Option, value: unknown): string | undefined {
  return typeof value === typeIn(option) && value !== "" ? String(value) : undefined;
}

function typeIn({ value, range }: Option): "boolean" | "number" | "string" {
  if (value === undefined) return "boolean";
  return range === undefined ? "string" : "number";
}

const WORDS = { boolean: "true or false", number: "a number", string: "a text that is not empty" };

function wrongType(path: string, option: Option): string {
  const kind = WORDS[typeIn(option)];
  return `${option.flag} in ${path} is ${kind}${option.repeatable ? ", or a list of such" : ""}`;
}

function unknownKey(path: string, key: string): string {
  const meant = nearest(key, OPTIONS.map(({ flag }) => flag));
  const hint = meant === undefined ? "--help has all options" : `did you mean ${meant}?`;
  return `unknown key "${key}" in ${path}: ${hint}`;
}
