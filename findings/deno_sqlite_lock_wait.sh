#!/usr/bin/env bash
# node:sqlite in Deno: how long a statement waits for a database that another connection is writing to.
#
# A guess: as in Node: not at all, "database is locked" at once, and `timeout` in the options says how long otherwise. It is
# so in Deno 2.9.6. Deno 2.4.2 waits five seconds whatever `timeout` says; the thread stands still so long, with all its
# connections. The same program fails at once in the one version and stalls in the other. When each worker of a server has
# a connection of its own, set `PRAGMA busy_timeout` by a statement: both versions obey it.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >locked.mjs <<'JS'
import process from "node:process";
import { DatabaseSync } from "node:sqlite";

const path = process.argv[2];
const writer = new DatabaseSync(path);
writer.exec("create table notes (text)");
writer.exec("begin immediate");

/** What an insertion by another connection gets, and after how many seconds. */
function insertion(database) {
  const start = performance.now();
  try {
    database.exec("insert into notes values ('one')");
    return "done";
  } catch ({ message }) {
    return `${message} after ${Math.round((performance.now() - start) / 1000)} s`;
  }
}
const withPragma = new DatabaseSync(path);
withPragma.exec("pragma busy_timeout = 2000");
const seen = [
  insertion(new DatabaseSync(path)),
  insertion(new DatabaseSync(path, { timeout: 2000 })),
  insertion(withPragma),
];
console.log(seen.join(", "));
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
  printf '%s: no option, timeout 2 s, pragma 2 s: %s\n' "$1" "$3"
  [ "$2" = "$3" ] || result=1
}
as_set="database is locked after 0 s, database is locked after 2 s, database is locked after 2 s"
five="database is locked after 5 s, database is locked after 5 s, database is locked after 2 s"
check "node 24.21.0" "$as_set" "$(node/node_modules/.bin/node --no-warnings locked.mjs node.db)"
check "deno 2.9.6" "$as_set" "$(deno-2.9.6/node_modules/.bin/deno run --quiet --no-check -A locked.mjs new.db)"
check "deno 2.4.2" "$five" "$(deno-2.4.2/node_modules/.bin/deno run --quiet --no-check -A locked.mjs old.db)"
exit $result
