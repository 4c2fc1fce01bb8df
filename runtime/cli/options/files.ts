/**
 * The served folder and the header fields of its files. The defaults and their reasons are in
 * runtime/config/files.ts.
 */

import { parseFieldLine } from "../../../protocol/basics.ts";
import type { CacheRule, FilesConfig, TypeRule } from "../../config/mod.ts";
import { UsageError } from "../usage_error.ts";
import { at, type Codec, flagSwitch, list, number, type Option, TEXT, text } from "./option.ts";

const group = "Files";
const MEBIBYTE = 1024 * 1024;

type Field = FilesConfig["headers"][number];

/** Fields that the server sets for each file: a second one of the same name would contradict it. */
const OF_EACH_FILE: readonly string[] = [
  ...["accept-ranges", "content-encoding", "content-range", "content-type"],
  ...["etag", "last-modified", "location"],
];

/** `NAME: VALUE`. */
const FIELD: Codec<Field> = {
  parse: (line, name) => {
    const field = parseFieldLine(line);
    if ("fault" in field) {
      throw new UsageError(`${name} must be NAME: VALUE; "${line}" ${field.fault}`);
    }
    if (!OF_EACH_FILE.includes(field.name.toLowerCase())) return field;
    throw new UsageError(`${name} must not be ${field.name}: the server sets it for each file`);
  },
  show: ({ name, value }) => `${name}: ${value}`,
};

/** A value without its pattern: the name of a directive would be that of a file. */
const DIRECTIVE = /^(?:s-)?max-?age$/i;

/** `PATTERN=VALUE`; the value may contain equals signs, as max-age=60. */
const CACHE_RULE: Codec<CacheRule> = {
  parse: (rule, name) => {
    const equals = rule.indexOf("=");
    const [pattern, value] = [rule.slice(0, equals), rule.slice(equals + 1).trim()];
    const field = parseFieldLine(`Cache-Control: ${value}`);
    if (equals < 1 || value === "" || "fault" in field || DIRECTIVE.test(pattern)) {
      const hint = DIRECTIVE.test(pattern) ? `: did you mean '**/*=${rule}', for all files?` : "";
      throw new UsageError(
        `${name} must be PATTERN=VALUE, as '*.css=max-age=3600', not "${rule}"${hint}`,
      );
    }
    return { pattern, value };
  },
  show: ({ pattern, value }) => `${pattern}=${value}`,
};

/** RFC 9110 section 8.3.1: `type/subtype`, with parameters that are tokens or quoted. */
const MEDIA_TYPE =
  /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:[ \t]*;[ \t]*[\w!#$&^.+-]+=(?:[\w!#$&^.+-]+|"[^"\\]*"))*$/;

/** `.ENDING=TYPE`; endings are case-insensitive and may contain dots. */
const TYPE_RULE: Codec<TypeRule> = {
  parse: (rule, name) => {
    const equals = rule.indexOf("=");
    const [ending, type] = [rule.slice(0, equals).toLowerCase(), rule.slice(equals + 1).trim()];
    const field = parseFieldLine(`Content-Type: ${type}`);
    if (!/^\.[^/\s]+$/.test(ending) || !MEDIA_TYPE.test(type) || "fault" in field) {
      throw new UsageError(
        `${name} must be .ENDING=TYPE, as '.gpx=application/gpx+xml', not "${rule}"`,
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
    throw new UsageError(`${name} must be * or an origin, as https://example.com, not "${origin}"`);
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
      help: "serve this folder at /; the terminal then moves to /term/",
    },
    at("files", "root"),
    TEXT,
  ),
  list(
    {
      flag: "cache",
      group,
      value: "PATTERN=VALUE",
      help: "Cache-Control of matching files, as '/assets/**=max-age=3600'; the first match wins",
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
      help: "media type of files with this ending, as '.gpx=application/gpx+xml'",
      defaultText: "from mime-db",
    },
    at("files", "types"),
    TYPE_RULE,
  ),
  list(
    {
      flag: "header",
      group,
      value: "NAME: VALUE",
      help: "header field of every file response; replaces a default, an empty value removes it",
    },
    at("files", "headers"),
    FIELD,
  ),
  text(
    { flag: "cors", group, value: "ORIGIN|*", help: "origin whose pages may read the files" },
    at("files", "cors"),
    ORIGIN,
  ),
  flagSwitch(
    {
      flag: "spa",
      group,
      help:
        "answer with /index.html if HTML is accepted and there is no file, except for asset names",
    },
    at("files", "spa"),
  ),
  flagSwitch(
    { flag: "listing", group, help: "list folders that have no index.html" },
    at("files", "listing"),
  ),
  flagSwitch(
    { flag: "hidden", group, help: "serve files whose names begin with a dot" },
    at("files", "hidden"),
  ),
  flagSwitch(
    { flag: "follow-links", group, help: "also follow symbolic links that lead out of the folder" },
    at("files", "followLinks"),
  ),
  number(
    {
      flag: "file-memory",
      group,
      value: "SIZE",
      range: [0, 1024 * 1024 * MEBIBYTE],
      help: "memory for hot small files, compressed text and listings, for all workers together",
    },
    at("files", "memoryBytes"),
  ),
  number(
    {
      flag: "open-files",
      group,
      value: "COUNT",
      range: [1, 1_000_000],
      help: "open files that each worker keeps, for files too large for the memory",
    },
    at("files", "openFiles"),
  ),
];
