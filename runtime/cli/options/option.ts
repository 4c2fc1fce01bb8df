/**
 * An option: one row that serves the command line, the environment, the configuration file, the help
 * and the completions, and the functions that make such rows.
 *
 * In: the texts as they were written. Out: a config with the value set, or a UsageError that names
 * the option, what was written and what is allowed. A row knows its place in the config, not where
 * the text came from: all sources go through `apply`. Opens no file: the code that uses a file
 * reports that it is missing.
 */

import type { Config } from "../../config/mod.ts";
import { nearest } from "../../spelling/mod.ts";
import { UsageError } from "../usage_error.ts";
import { formatSize, formatTime, parseSize, parseTime } from "./quantity.ts";

/** The same data with writable fields; a list is replaced as a whole. */
export type Mutable<T> = T extends readonly unknown[] ? T
  : T extends object ? { -readonly [Key in keyof T]: Mutable<T[Key]> }
  : T;

/** A Config that is being filled in. */
export type MutableConfig = Mutable<Config>;

/** Reads and writes one value of the config. */
export interface Accessor<T> {
  /** The value. */
  get(config: Config): T;
  /** Replaces it. */
  set(config: MutableConfig, value: T): void;
}

/** The fields that every kind of option has. */
export interface Row {
  /** The name without dashes, in kebab-case: the key in a file too. */
  readonly flag: string;
  /** The heading in `--help`. */
  readonly group: string;
  /** One line of text, without the default: the help adds that. */
  readonly help: string;
  /** Describes the default if its value alone does not. */
  readonly defaultText?: string;
}

/** What the value names on disk: a file or folder that must exist, or a file that may be created. */
export type Named = "file" | "folder" | "new file";

/** One option. */
export interface Option extends Omit<Row, "defaultText"> {
  /** The placeholder that `--help` shows for the value: TIME, FILE; undefined for a switch. */
  readonly value: string | undefined;
  /** Whether it may be given several times. */
  readonly repeatable: boolean;
  /** The allowed words; empty: any text that {@link Option.apply} accepts. */
  readonly choices: readonly string[];
  /** The range of a number, of a size in bytes or of a time in seconds; undefined for other options. */
  readonly range: readonly [least: number, most: number] | undefined;
  /** What its value names on disk. */
  readonly names: Named | undefined;
  /** The default as `--help` shows it. */
  defaultText(defaults: Config): string;
  /** The present values as a user would write them; none if it is off. Applying them changes nothing. */
  valuesOf(config: Config): readonly string[];
  /**
   * Replaces the value.
   *
   * @param name how an error names the option: `--flag`, the variable, or the file's key
   * @throws UsageError
   */
  apply(config: MutableConfig, values: readonly string[], name: string): void;
}

/** How one value is read and written. */
export interface Codec<T> {
  /** @throws UsageError that begins with `name` */
  parse(text: string, name: string): T;
  /** A text from which {@link Codec.parse} makes the same value. */
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
): Accessor<Config[S][K]> {
  return {
    get: (config) => config[section][key],
    set: (config, value) => {
      (config[section] as { -readonly [Key in keyof Config[S]]: Config[S][Key] })[key] = value;
    },
  };
}

/** What a number counts. SIZE is bytes; TIME is seconds, and milliseconds in the config. */
export interface NumberRow extends Row {
  readonly value: "TIME" | "SIZE" | "COUNT" | "PORT";
  /** In whole numbers, bytes, or seconds. */
  readonly range: readonly [least: number, most: number];
}

/** How the numbers of one kind are read, and shown to people. */
interface Measure {
  /** How many units of the config one unit of {@link NumberRow.range} is. */
  readonly scale: number;
  /** In the config's unit; undefined for a text that is none. */
  parse(text: string): number | undefined;
  format(value: number): string;
  /** Its noun in an error, and after the range how it is written. */
  readonly noun: string;
  readonly grammar: string;
}

const WHOLE: Measure = {
  scale: 1,
  parse: (text) => /^\d+$/.test(text) ? Number(text) : undefined,
  format: String,
  noun: "a whole number",
  grammar: "",
};

const MEASURES: Readonly<Record<NumberRow["value"], Measure>> = {
  COUNT: WHOLE,
  PORT: WHOLE,
  SIZE: {
    scale: 1,
    parse: parseSize,
    format: formatSize,
    noun: "a size",
    grammar: " (bytes, or with a unit: 64k, 1.5MiB, 1g)",
  },
  TIME: {
    scale: 1000,
    parse: parseTime,
    format: formatTime,
    noun: "a time",
    grammar: " (seconds, or with a unit: 500ms, 10s, 5m, 1h)",
  },
};

/** How a number, a size or a time is read, and refused outside of its range. */
export function numberCodec(
  { value: kind, range }: Pick<NumberRow, "value" | "range">,
): Codec<number> {
  const { scale, parse, format, noun, grammar } = MEASURES[kind];
  const [least, most] = range.map((bound) => bound * scale) as [number, number];
  return {
    parse: (text, name) => {
      const value = parse(text);
      if (value !== undefined && value >= least && value <= most) return value;
      const allowed = `${noun} from ${format(least)} to ${format(most)}${grammar}`;
      throw new UsageError(`${name} must be ${allowed}, not "${text}"`);
    },
    show: (value) => String(value / scale),
  };
}

/** An option that takes a number, a size or a time; undefined in the config: off. */
export function number(row: NumberRow, accessor: Accessor<number | undefined>): Option {
  const codec = numberCodec(row);
  const { format } = MEASURES[row.value];
  const defaultText = (defaults: Config) => {
    const value = accessor.get(defaults);
    return row.defaultText ?? (value === undefined ? "none" : format(value));
  };
  return { ...single(row, accessor, codec), range: row.range, defaultText };
}

/** The fields of an option that takes a text. */
export interface TextRow extends Row {
  /** The placeholder that `--help` shows for the text. */
  readonly value: string;
  readonly names?: Named | undefined;
}

/** Any text without NUL. */
export const TEXT: Codec<string> = {
  parse: (text, name) => {
    if (text.includes("\0")) throw new UsageError(`${name} must not contain a NUL character`);
    return text;
  },
  show: (value) => value,
};

/** An option that takes a text, which `codec` parses; undefined in the config: off. */
export function text<T>(row: TextRow, accessor: Accessor<T | undefined>, codec: Codec<T>): Option {
  return { ...single(row, accessor, codec), names: row.names };
}

/** An option that may be given several times; the order is kept. */
export function list<T>(row: TextRow, accessor: Accessor<readonly T[]>, codec: Codec<T>): Option {
  return {
    ...plain(row),
    names: row.names,
    repeatable: true,
    defaultText: (defaults) => row.defaultText ?? (shown(accessor, codec, defaults) || "none"),
    valuesOf: (config) => accessor.get(config).map(codec.show),
    apply: (config, values, name) =>
      accessor.set(config, values.map((value) => codec.parse(value, name))),
  };
}

/** An option that takes one word of a set. */
export function choice<T extends string>(
  row: Row & { readonly choices: readonly T[] },
  accessor: Accessor<T>,
): Option {
  const { choices } = row;
  return { ...single({ ...row, value: choices.join("|") }, accessor, wordOf(choices)), choices };
}

/** An option that takes several words of a set, separated by commas. */
export function choices<T extends string>(
  row: Row & { readonly value: string; readonly choices: readonly T[] },
  accessor: Accessor<readonly T[]>,
): Option {
  const codec = wordOf(row.choices);
  const some = list({ ...row, names: undefined }, accessor, codec);
  return {
    ...some,
    choices: row.choices,
    apply: (config, values, name) => {
      const words = values.flatMap((value) => value.split(",")).map((word) => word.trim());
      some.apply(config, [...new Set(words)], name);
    },
  };
}

/** The words for on and for off, in any case; the first of each is the one that is shown. */
const ON: readonly string[] = ["true", "yes", "on", "1"];
const OFF: readonly string[] = ["false", "no", "off", "0"];

const SWITCH: Codec<boolean> = {
  parse: (text, name) => {
    const word = text.toLowerCase();
    if (ON.includes(word) || OFF.includes(word)) return ON.includes(word);
    throw new UsageError(
      `${name} must be true or false (or yes, no, on, off, 1, 0), not "${text}"`,
    );
  },
  show: String,
};

/** An option that is on or off; the flag alone means on. */
export function flagSwitch(row: Row, accessor: Accessor<boolean>): Option {
  const option = single({ ...row, value: "" }, accessor, SWITCH);
  return {
    ...option,
    value: undefined,
    defaultText: (defaults) => row.defaultText ?? (accessor.get(defaults) ? "on" : "off"),
  };
}

function plain(row: Row & { readonly value: string }) {
  const { flag, group, help, value } = row;
  return { flag, group, help, value, choices: [], range: undefined, names: undefined };
}

/** An option that has one value, or is off. */
function single<T>(
  row: Row & { readonly value: string },
  accessor: Accessor<T | undefined>,
  codec: Codec<T>,
): Option {
  const valuesOf = (config: Config) => {
    const value = accessor.get(config);
    return value === undefined ? [] : [codec.show(value)];
  };
  return {
    ...plain(row),
    repeatable: false,
    defaultText: (defaults) => row.defaultText ?? valuesOf(defaults)[0] ?? "none",
    valuesOf,
    apply: (config, [value, ...more], name) => {
      if (more.length > 0) throw new UsageError(`${name} is given more than once`);
      if (value !== undefined) accessor.set(config, codec.parse(value, name));
    },
  };
}

function shown<T>(accessor: Accessor<readonly T[]>, codec: Codec<T>, config: Config): string {
  return accessor.get(config).map(codec.show).join(",");
}

function wordOf<T extends string>(words: readonly T[]): Codec<T> {
  return {
    parse: (text, name) => {
      const word = words.find((word) => word === text);
      if (word !== undefined) return word;
      const meant = nearest(text, words);
      const hint = meant === undefined ? "" : `: did you mean ${meant}?`;
      throw new UsageError(`${name} must be one of ${words.join(", ")}, not "${text}"${hint}`);
    },
    show: (word) => word,
  };
}
