/**
 * An option: one row that serves the command line, the environment, the configuration file, the help
 * and the completions, and the makers of such rows.
 *
 * In: texts, as they were written. Out: a config with the value set, or a UsageError that names what
 * was written and what would be right. A row knows its place in the config and nothing of where the
 * text came from. Touches nothing: whether a file is there is found out by who opens it.
 */

import type { Config } from "../../config/mod.ts";
import { UsageError } from "../usage_error.ts";

/** The same data, free to be filled in; a list is replaced as a whole. */
export type Mutable<T> = T extends readonly unknown[] ? T
  : T extends object ? { -readonly [Key in keyof T]: Mutable<T[Key]> }
  : T;

/** A Config that is being filled in. */
export type MutableConfig = Mutable<Config>;

/** Where in the config a value is. */
export interface Access<T> {
  /** The value. */
  get(config: Config): T;
  /** Replaces it. */
  set(config: MutableConfig, value: T): void;
}

/** What every kind of option says of itself. */
export interface Row {
  /** The name without dashes, in kebab-case: the key in a file too. */
  readonly flag: string;
  /** The heading in `--help`. */
  readonly group: string;
  /** A line of words; the default is added by who prints it. */
  readonly help: string;
  /** What stands for the default where its value says nothing. */
  readonly defaultText?: string;
}

/** What the value names on disk: a file or folder that must be there, or a file that may be made. */
export type Named = "file" | "folder" | "new file";

/** One option. */
export interface Option extends Omit<Row, "defaultText"> {
  /** What the value is, as `--help` shows it: SECONDS, FILE; undefined for a switch. */
  readonly value: string | undefined;
  /** Whether it may be given several times. */
  readonly repeatable: boolean;
  /** The values there are; none: any text that {@link Option.apply} takes. */
  readonly choices: readonly string[];
  /** What a number lies between. */
  readonly range: readonly [least: number, most: number] | undefined;
  /** What its value names on disk. */
  readonly names: Named | undefined;
  /** The value in the config of defaults, in words. */
  defaultText(defaults: Config): string;
  /** The values as one would write them; none for what is off. Applying them changes nothing. */
  valuesOf(config: Config): readonly string[];
  /**
   * Sets it, in place of what was there.
   *
   * @param name of what was written, for the error: `--flag`, the variable, or the file's key
   * @throws UsageError
   */
  apply(config: MutableConfig, values: readonly string[], name: string): void;
}

/** How one value is read and written. */
export interface Codec<T> {
  /** @throws UsageError that begins with `name` */
  parse(text: string, name: string): T;
  /** The text that {@link Codec.parse} makes the same value of. */
  show(value: T): string;
}

type Section = { [Key in keyof Config]: Config[Key] extends object ? Key : never }[keyof Config];

/** The environment variable of an option. */
export function variableOf(flag: string): string {
  return `ASYNC_DENO_${flag.toUpperCase().replaceAll("-", "_")}`;
}

/** A value in a section of the config: `at("limits", "connections")`. */
export function at<S extends Section, K extends keyof Config[S]>(
  section: S,
  key: K,
): Access<Config[S][K]> {
  return {
    get: (config) => config[section][key],
    set: (config, value) => {
      (config[section] as { -readonly [Key in keyof Config[S]]: Config[S][Key] })[key] = value;
    },
  };
}

/** What a number counts. SECONDS may have a fraction, and are milliseconds in the config. */
export interface NumberRow extends Row {
  readonly value: "SECONDS" | "BYTES" | "COUNT" | "PORT";
  /** In the unit of the option. */
  readonly range: readonly [least: number, most: number];
}

/** An option that takes a number; undefined in the config: off. */
export function number(row: NumberRow, access: Access<number | undefined>): Option {
  const { value: unit, range: [least, most] } = row;
  const scale = unit === "SECONDS" ? 1000 : 1;
  const pattern = unit === "SECONDS" ? /^\d+(\.\d+)?$/ : /^\d+$/;
  const kind = unit === "SECONDS" ? "a number of seconds" : "a whole number";
  const codec: Codec<number> = {
    parse: (text, name) => {
      const value = Number(text);
      if (pattern.test(text) && value >= least && value <= most) return value * scale;
      throw new UsageError(`${name} is ${kind} from ${least} to ${most}, not "${text}"`);
    },
    show: (value) => String(value / scale),
  };
  return { ...single(row, access, codec), range: row.range };
}

/** What an option that takes a text says of itself. */
export interface TextRow extends Row {
  /** What the text is, as `--help` shows it. */
  readonly value: string;
  readonly names?: Named | undefined;
}

/** Any text in which there is no NUL. */
export const TEXT: Codec<string> = {
  parse: (text, name) => {
    if (text.includes("\0")) throw new UsageError(`${name} cannot have a NUL in it`);
    return text;
  },
  show: (value) => value,
};

/** An option that takes a text, which `codec` may turn into something else; undefined in the config: off. */
export function text<T>(row: TextRow, access: Access<T | undefined>, codec: Codec<T>): Option {
  return { ...single(row, access, codec), names: row.names };
}

/** A text that may be given several times; the order is kept. */
export function list<T>(row: TextRow, access: Access<readonly T[]>, codec: Codec<T>): Option {
  return {
    ...plain(row),
    names: row.names,
    repeatable: true,
    defaultText: (defaults) => row.defaultText ?? (shown(access, codec, defaults) || "none"),
    valuesOf: (config) => access.get(config).map(codec.show),
    apply: (config, values, name) =>
      access.set(config, values.map((value) => codec.parse(value, name))),
  };
}

/** An option that takes one of a few words. */
export function choice<T extends string>(
  row: Row & { readonly choices: readonly T[] },
  access: Access<T>,
): Option {
  const { choices } = row;
  return { ...single({ ...row, value: choices.join("|") }, access, wordOf(choices)), choices };
}

/** An option that takes some of a few words, with commas between them. */
export function choices<T extends string>(
  row: Row & { readonly value: string; readonly choices: readonly T[] },
  access: Access<readonly T[]>,
): Option {
  const codec = wordOf(row.choices);
  const some = list({ ...row, names: undefined }, access, codec);
  return {
    ...some,
    choices: row.choices,
    apply: (config, values, name) => {
      const words = values.flatMap((value) => value.split(",")).map((word) => word.trim());
      some.apply(config, [...new Set(words)], name);
    },
  };
}

const SWITCH: Codec<boolean> = {
  parse: (text, name) => {
    if (text === "true" || text === "false") return text === "true";
    throw new UsageError(`${name} is a switch, true or false, not "${text}"`);
  },
  show: String,
};

/** An option that is on or off; as a flag it takes no value. */
export function flagSwitch(row: Row, access: Access<boolean>): Option {
  const option = single({ ...row, value: "" }, access, SWITCH);
  return {
    ...option,
    value: undefined,
    defaultText: (defaults) => row.defaultText ?? (access.get(defaults) ? "on" : "off"),
  };
}

function plain(row: Row & { readonly value: string }) {
  const { flag, group, help, value } = row;
  return { flag, group, help, value, choices: [], range: undefined, names: undefined };
}

/** An option that has one value, or none. */
function single<T>(
  row: Row & { readonly value: string },
  access: Access<T | undefined>,
  codec: Codec<T>,
): Option {
  const valuesOf = (config: Config) => {
    const value = access.get(config);
    return value === undefined ? [] : [codec.show(value)];
  };
  return {
    ...plain(row),
    repeatable: false,
    defaultText: (defaults) => row.defaultText ?? valuesOf(defaults)[0] ?? "none",
    valuesOf,
    apply: (config, [value, ...more], name) => {
      if (more.length > 0) throw new UsageError(`${name} is given more than once`);
      if (value !== undefined) access.set(config, codec.parse(value, name));
    },
  };
}

function shown<T>(access: Access<readonly T[]>, codec: Codec<T>, config: Config): string {
  return access.get(config).map(codec.show).join(",");
}

function wordOf<T extends string>(words: readonly T[]): Codec<T> {
  return {
    parse: (text, name) => {
      const word = words.find((word) => word === text);
      if (word !== undefined) return word;
      throw new UsageError(`${name} is one of ${words.join(", ")}, not "${text}"`);
    },
    show: (word) => word,
  };
}
