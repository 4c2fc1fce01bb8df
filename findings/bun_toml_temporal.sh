#!/usr/bin/env bash
# Bun's TOML (import of a .toml file, Bun.TOML.parse), and dates.
#
# A guess: a date is a string or a Date, as in other parsers for JavaScript. Bun 1.4 gives objects of Temporal, of a
# class by the kind of date: `date < new Date()` throws a TypeError, structuredClone throws, and the offset that is
# written in the file is gone. smol-toml gives a Date that keeps the offset. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund bun@1.4.5 smol-toml@1.9.1 >/dev/null
cat >dates.toml <<'TOML'
start = 1979-05-27T00:32:00-07:00
local = 1979-05-27T07:32:00
day = 1979-05-27
at = 07:32:00
TOML
cat >dates.mjs <<'JS'
import imported from "./dates.toml";
import { readFileSync } from "node:fs";
import { parse } from "smol-toml";

const text = readFileSync("dates.toml", "utf8");
const parsed = Bun.TOML.parse(text);
const other = parse(text);
const kind = (value) => Object.prototype.toString.call(value).slice(8, -1);
const attempt = (run) => {
  try {
    return String(run());
  } catch (error) {
    return error.name;
  }
};
const seen = Object.keys(imported).map((key) => [
  key,
  kind(imported[key]),
  kind(parsed[key]),
  kind(other[key]),
  JSON.stringify(imported[key]),
  JSON.stringify(other[key]),
].join(" "));
seen.push(`start < new Date(): ${attempt(() => imported.start < new Date())}`);
seen.push(`structuredClone(start): ${attempt(() => structuredClone(parsed.start))}`);
console.log(`bun ${Bun.version}: key, imported, Bun.TOML, smol-toml, Bun's as JSON, smol-toml's as JSON`);
console.log(seen.join("\n"));
const expected = [
  'start Temporal.Instant Temporal.Instant Date "1979-05-27T07:32:00Z" "1979-05-27T00:32:00.000-07:00"',
  'local Temporal.PlainDateTime Temporal.PlainDateTime Date "1979-05-27T07:32:00" "1979-05-27T07:32:00.000"',
  'day Temporal.PlainDate Temporal.PlainDate Date "1979-05-27" "1979-05-27"',
  'at Temporal.PlainTime Temporal.PlainTime Date "07:32:00" "07:32:00.000"',
  "start < new Date(): TypeError",
  "structuredClone(start): DataCloneError",
];
process.exit(seen.join("\n") === expected.join("\n") ? 0 : 1);
JS
npx bun dates.mjs
