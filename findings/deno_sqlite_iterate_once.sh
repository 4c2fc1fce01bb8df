#!/usr/bin/env bash
# node:sqlite in Deno 2.4: a prepared statement and its second iterate().
#
# A guess: iterate() runs the statement anew each time, with the parameters of that call. So it is in Node and in Deno
# 2.9.6. In Deno 2.4.2 it works once in a statement's life. Every later one gives no rows and no error, with other
# parameters too, whether the first loop came to its end or not, and after all(), which goes on working. A handler that
# keeps its statement and loops over it answers the first request, and all others with an empty list.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >once.mjs <<'JS'
import process from "node:process";
import { DatabaseSync } from "node:sqlite";

const database = new DatabaseSync(":memory:");
database.exec("create table notes (number); insert into notes values (1), (2), (3)");
const statement = database.prepare("select number from notes where number >= ?");
const iterated = (least) => [...statement.iterate(least)].length;
const rows = [iterated(1), iterated(1), iterated(2), statement.all(1).length, iterated(1)];
console.log(rows.join(" "));
process.exit(0);
JS
mkdir node
(cd node && npm init -y >/dev/null && npm install --silent --no-audit --no-fund node@24.21.0 >/dev/null)
for version in 2.4.2 2.9.6; do
  mkdir -p "deno-$version"
  (cd "deno-$version" && npm init -y >/dev/null && npm install --silent --no-audit --no-fund "deno@$version" >/dev/null)
done
result=0
check() {
  printf '%s: rows of iterate() three times, all(), iterate(): %s\n' "$1" "$3"
  [ "$2" = "$3" ] || result=1
}
check "node 24.21.0" "3 3 2 3 3" "$(node/node_modules/.bin/node --no-warnings once.mjs)"
check "deno 2.9.6" "3 3 2 3 3" "$(deno-2.9.6/node_modules/.bin/deno run --quiet --no-check -A once.mjs)"
check "deno 2.4.2" "3 0 0 3 0" "$(deno-2.4.2/node_modules/.bin/deno run --quiet --no-check -A once.mjs)"
exit $result
