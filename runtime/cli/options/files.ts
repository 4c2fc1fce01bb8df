/**
 * The folder that is served, and what is said with its files. The defaults and their reasons are in
 * runtime/config/files.ts.
 */

import { parseFieldLine } from "../../../protocol/mod.ts";
import type { CacheRule, FilesConfig, TypeRule } from "../../config/mod.ts";
import { UsageError } from "../usage_error.ts";
import { at, type Codec, flagSwitch, list, number, type Option, TEXT, text } from "./option.ts";

const group = "Files";
const MEBIBYTE = 1024 * 1024;

type Field = FilesConfig["headers"][number];

/** What each answer says of its own file: a second one of the same name would contradict it. */
const OF_EACH_FILE: readonly string[] = [
  ...["accept-ranges", "content-encoding", "content-range", "content-type"],
  ...["etag", "last-modified", "location"],
];

/** `NAME: VALUE`. */
const FIELD: Codec<Field> = {
  parse: (line, name) => {
    const field = parseFieldLine(line);
    if ("fault" in field) throw new UsageError(`${name} is NAME: VALUE; "${line}" ${field.fault}`);
    if (!OF_EACH_FILE.includes(field.name.toLowerCase())) return field;
    throw new UsageError(`${name} cannot be ${field.name}: each file has its own`);
  },
  show: ({ name, value }) => `${name}: ${value}`,
};

/** `PATTERN=VALUE`; the value may have equals signs of its own, as max-age=60. */
const CACHE_RULE: Codec<CacheRule> = {
  parse: (rule, name) => {
    const equals = rule.indexOf("=");
    const [pattern, value] = [rule.slice(0, equals), rule.slice(equals + 1).trim()];
    const field = parseFieldLine(`Cache-Control: ${value}`);
    if (equals < 1 || value === "" || "fault" in field) {
      throw new UsageError(`${name} is PATTERN=VALUE, as '*.css=max-age=3600', not "${rule}"`);
    }
    return { pattern, value };
  },
  show: ({ pattern, value }) => `${pattern}=${value}`,
};

/** RFC 9110 section 8.3.1: `type/subtype`, with parameters that are tokens or quoted. */
const MEDIA_TYPE =
  /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:[ \t]*;[ \t]*[\w!#$&^.+-]+=(?:[\w!#$&^.+-]+|"[^"\\]*"))*$/;

/** `.ENDING=TYPE`; endings have no case, and dots within. */
const TYPE_RULE: Codec<TypeRule> = {
  parse: (rule, name) => {
    const equals = rule.indexOf("=");
    const [ending, type] = [rule.slice(0, equals).toLowerCase(), rule.slice(equals + 1).trim()];
    const field = parseFieldLine(`Content-Type: ${type}`);
    if (!/^\.[^/\s]+$/.test(ending) || !MEDIA_TYPE.test(type) || "fault" in field) {
      throw new UsageError(
        `${name} is .ENDING=TYPE, as '.gpx=application/gpx+xml', not "${rule}"`,
      );
    }
    return { ending, type };
  },
  show: ({ ending, type }) => `${ending}=${type}`,
};

/** `*`, or scheme, host and port as a browser sends them in Origin. */
const ORIGIN: Codec<string> = {
  parse: (origin, name) => {
    if (origin === "*" || (URL.canParse(origin) && new URL(origin).origin === origin)) {
      return origin;
    }
    throw new UsageError(`${name} is * or an origin, as https://example.com, not "${origin}"`);
  },
  show: (origin) => origin,
};

/** The options of this group. */
export const FILE_OPTIONS: readonly Option[] = [
  text(
    {
      flag: "root",
      group,
      value: "DIR",
      names: "folder",
      help: "serves the folder at /; the terminal is at /term/ then",
    },
    at("files", "root"),
    TEXT,
  ),
  list(
    {
      flag: "cache",
      group,
      value: "PATTERN=VALUE",
      help: "Cache-Control of the files that match, as '/assets/**=max-age=3600'; the first counts",
      defaultText: "no-cache",
    },
    at("files", "cache"),
    CACHE_RULE,
  ),
  list(
    {
      flag: "type",
      group,
      value: ".ENDING=TYPE",
      help: "media type of the files that end so, as '.gpx=application/gpx+xml'",
      defaultText: "by mime-db",
    },
    at("files", "types"),
    TYPE_RULE,
  ),
  list(
    {
      flag: "header",
      group,
      value: "NAME: VALUE",
      help: "field of every answer about a file, in place of a default; empty: without it",
    },
    at("files", "headers"),
    FIELD,
  ),
  text(
    { flag: "cors", group, value: "ORIGIN|*", help: "whose pages may read the files" },
    at("files", "cors"),
    ORIGIN,
  ),
  flagSwitch(
    {
      flag: "spa",
      group,
      help: "what accepts HTML and is no file is /index.html, but for endings of assets",
    },
    at("files", "spa"),
  ),
  flagSwitch(
    { flag: "listing", group, help: "folders without index.html show what is in them" },
    at("files", "listing"),
  ),
  flagSwitch(
    { flag: "hidden", group, help: "serves names that begin with a dot" },
    at("files", "hidden"),
  ),
  flagSwitch(
    { flag: "follow-links", group, help: "follows symbolic links out of the folder, too" },
    at("files", "followLinks"),
  ),
  number(
    {
      flag: "file-memory",
      group,
      value: "BYTES",
      range: [0, 1024 * 1024 * MEBIBYTE],
      help: "for hot small files, compressed text and lists, of all workers",
    },
    at("files", "memoryBytes"),
  ),
  number(
    {
      flag: "open-files",
      group,
      value: "COUNT",
      range: [1, 1_000_000],
      help: "larger files that each worker keeps open",
    },
    at("files", "openFiles"),
  ),
];
