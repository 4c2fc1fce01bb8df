/**
 * Reads one table of the configuration file key by key, and notes everything that is wrong with it.
 *
 * In: a table as TOML or JSON has it, its name, and the list to which faults are added. Out: the value of each key that was asked
 * for, checked, or undefined; at the end a fault for each key that nobody asked for, with the nearest that
 * exists. A fault is one line that names the key, the table and the file.
 */

import { nearest } from "../../spelling/mod.ts";
import type { RateLimitConfig } from "../../config/mod.ts";
import { misplacedHint } from "../misplaced_key.ts";
import { parseSize, parseTime } from "../options/quantity.ts";
import { centrifugoHint } from "./centrifugo_keys.ts";

/** Where the values are. */
export interface TableSource {
  /** The name of the file. */
  readonly path: string;
  /** The table's name, as `channels.namespaces.chat`. */
  readonly name: string;
  readonly table: Readonly<Record<string, unknown>>;
  /** Gets a line for each fault. */
  readonly faults: string[];
}

/** A number, and the time in which it may be reached. */
const RATE = /^(?<count>[1-9][0-9]{0,6})\/(?<time>[0-9.]*[a-z]+)$/;
/** Rates are kept in microseconds. */
const MOST_A_MILLISECOND = 1000;
const LONGEST_TIME = 24 * 3_600_000;

/** Whether a value of the file is a table. */
export function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Date);
}

/** Reads one table. */
export class TableReader {
  readonly #source: TableSource;
  readonly #known: string[] = [];
  readonly #wrong = new Set<string>();

  /** @param source the table */
  constructor(source: TableSource) {
    this.#source = source;
  }

  /** `true` or `false`; false if the key is missing. */
  flag(key: string): boolean {
    const isFlag = (value: unknown) => typeof value === "boolean";
    return this.#value(key, isFlag, "true or false") === true;
  }

  /** A string that is not empty. */
  text(key: string): string | undefined {
    return this.#value(key, isText, "a string that is not empty") as string | undefined;
  }

  /** A list of strings that are not empty. */
  texts(key: string): readonly string[] {
    const isList = (value: unknown) => Array.isArray(value) && value.every(isText);
    return (this.#value(key, isList, "a list of strings") ?? []) as readonly string[];
  }

  /** One of `names`; the first one if the key is missing. */
  choice<Name extends string>(key: string, names: readonly [Name, ...Name[]]): Name {
    const isName = (value: unknown) => names.some((name) => name === value);
    const wanted = names.map((name) => `"${name}"`).join(" or ");
    return (this.#value(key, isName, wanted) ?? names[0]) as Name;
  }

  /** A list whose elements are of `names`. */
  choices<Name extends string>(key: string, names: readonly Name[]): readonly Name[] {
    const isList = (value: unknown) =>
      Array.isArray(value) && value.every((one) => names.includes(one));
    const wanted = `a list of ${names.map((name) => `"${name}"`).join(", ")}`;
    return (this.#value(key, isList, wanted) ?? []) as readonly Name[];
  }

  /** A whole number from `least` to `most`; 0 if the key is missing. */
  integer(key: string, most: number, least = 0): number {
    const inRange = (value: unknown) =>
      typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
    return (this.#value(key, inRange, `a whole number from ${least} to ${most}`) ?? 0) as number;
  }

  /** Milliseconds, from seconds or from a text with a unit; 0 if the key is missing. */
  time(key: string): number {
    return this.#quantity(key, parseTime, 'a time, as 300 (seconds), "5m" or "24h"');
  }

  /** A rate, from a text as `10/s`; undefined if the key is missing. */
  rate(key: string): RateLimitConfig | undefined {
    const isRate = (value: unknown) => parseRate(value) !== undefined;
    const wanted = 'a number and a time of at most a day, as "10/s" or "100/5m"; ' +
      `at most ${MOST_A_MILLISECOND} for each millisecond`;
    return parseRate(this.#value(key, isRate, wanted));
  }

  /** Bytes, from a number or from a text with a unit; 0 if the key is missing. */
  size(key: string): number {
    return this.#quantity(key, parseSize, 'a size, as 65536 (bytes), "64KiB" or "4MiB"');
  }

  /** A table; empty if the key is missing. */
  table(
    key: string,
    wanted = `a table, [${this.#source.name}.${key}]`,
  ): Readonly<Record<string, unknown>> {
    return (this.#value(key, isTable, wanted) ?? {}) as Readonly<Record<string, unknown>>;
  }

  /** Tables under one name, each with the number that it has in the file from 1 on; none if the key is missing. */
  tables(key: string): readonly TableReader[] {
    const { path, name, faults } = this.#source;
    const isList = (value: unknown) => Array.isArray(value) && value.every(isTable);
    const list = this.#value(key, isList, `a list of tables, each begins with [[${name}.${key}]]`);
    return ((list ?? []) as readonly TableSource["table"][]).map((table, i) =>
      new TableReader({ path, name: `${name}.${key} ${i + 1}`, table, faults })
    );
  }

  /** Whether the key is there, whatever its value. */
  has(key: string): boolean {
    return Object.hasOwn(this.#source.table, key);
  }

  /** Whether there is a fault about the type of its value: more about it would only confuse. */
  isWrong(key: string): boolean {
    return this.#wrong.has(key);
  }

  /** Notes a fault of this table. */
  fault(text: string): void {
    const { path, name, faults } = this.#source;
    faults.push(`[${name}] in ${path}: ${text}`);
  }

  /** Notes the keys that were not asked for, and returns how many there are. */
  end(): number {
    const unknown = Object.keys(this.#source.table).filter((key) => !this.#known.includes(key));
    for (const key of unknown) this.fault(`unknown key "${key}": ${this.#hintFor(key)}`);
    return unknown.length;
  }

  #hintFor(key: string): string {
    const usual = key.toLowerCase().replaceAll("-", "_");
    const theirs = centrifugoHint(usual, this.#source.name);
    if (theirs !== undefined) return theirs;
    const misplaced = misplacedHint(key);
    if (misplaced !== undefined) return misplaced;
    // One word begins too many keys.
    const isLong = usual.includes("_");
    const longer = this.#known.find((known) => isLong && known.startsWith(`${usual}_`));
    const meant = nearest(usual, this.#known) ?? longer;
    if (
      meant === undefined && this.#source.name === "channels" && isTable(this.#source.table[key])
    ) {
      return `did you mean [channels.namespaces.${key}]?`;
    }
    return meant === undefined
      ? `the keys are ${this.#known.join(", ")}`
      : `did you mean ${meant}?`;
  }

  /** A number, or a text with a unit; 0 if the key is missing. */
  #quantity(key: string, parse: (text: string) => number | undefined, wanted: string): number {
    const asNumber = (value: unknown) =>
      typeof value === "string" || typeof value === "number" ? parse(String(value)) : undefined;
    const value = this.#value(key, (one) => asNumber(one) !== undefined, wanted);
    return asNumber(value) ?? 0;
  }

  #value(key: string, isRight: (value: unknown) => boolean, wanted: string): unknown {
    this.#known.push(key);
    if (!this.has(key)) return undefined;
    const value = this.#source.table[key];
    if (isRight(value)) return value;
    this.#wrong.add(key);
    this.fault(`${key} must be ${wanted}`);
    return undefined;
  }
}

function parseRate(value: unknown): RateLimitConfig | undefined {
  const parts = typeof value === "string" ? RATE.exec(value)?.groups : undefined;
  if (parts === undefined) return undefined;
  const { count: digits = "", time: text = "" } = parts;
  const count = Number(digits);
  // A unit alone is one of it.
  const time = parseTime(/^[0-9.]/.test(text) ? text : `1${text}`);
  const isRight = time !== undefined && time > 0 && time <= LONGEST_TIME &&
    count <= time * MOST_A_MILLISECOND;
  return isRight ? { count, time } : undefined;
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}
