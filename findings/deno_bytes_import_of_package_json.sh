#!/usr/bin/env bash
# Deno's raw imports, `with { type: "bytes" }`, of files of an npm package.
#
# A guess: any file of a package can be imported as bytes, to embed it with `deno compile`. A .css file can; a
# .json file of the same kind of import is refused, while `with { type: "json" }` reads it. Seen in the oldest
# and the newest version. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >css.ts <<'TS'
import css from "npm:@xterm/xterm@5.5.0/css/xterm.css" with { type: "bytes" };
console.log(css.length > 1000 ? "bytes" : "short");
TS
cat >json_as_bytes.ts <<'TS'
import db from "npm:mime-db@1.54.0/db.json" with { type: "bytes" };
console.log(db.length > 1000 ? "bytes" : "short");
TS
cat >json_as_json.ts <<'TS'
import db from "npm:mime-db@1.54.0/db.json" with { type: "json" };
console.log("text/css" in db ? "json" : "other");
TS
result=0
for version in 2.4.2 2.9.6; do
  mkdir -p "deno-$version"
  (cd "deno-$version" && npm init -y >/dev/null && npm install --silent --no-audit --no-fund "deno@$version" >/dev/null)
  run() {
    NO_COLOR=1 DENO_TLS_CA_STORE=system "deno-$version/node_modules/.bin/deno" run --quiet --no-check \
      --node-modules-dir=none --unstable-raw-imports -A "$1" 2>error.txt || grep -m 1 -i "error" error.txt
  }
  css="$(run css.ts)"
  bytes="$(run json_as_bytes.ts)"
  json="$(run json_as_json.ts)"
  printf 'deno %s\n  .css as bytes: %s\n  .json as bytes: %s\n  .json as json: %s\n' "$version" "$css" "$bytes" "$json"
  [ "$css" = "bytes" ] && [ "$bytes" != "bytes" ] && [ "$json" = "json" ] || result=1
done
exit $result
