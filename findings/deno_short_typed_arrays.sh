#!/usr/bin/env bash
# Where Deno keeps the memory of short typed arrays.
#
# A guess: V8 keeps typed arrays of up to 64 bytes within its heap, so that making one is as cheap as making an object. Deno's
# V8 is built without that: an array of 8 bytes has memory of its own outside of the heap, which is counted there, and has to be
# allocated and freed. Seen in the oldest and the newest version. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >arrays.js <<'JS'
const COUNT = 100_000;
const BYTES = 8;
const kept = new Array(COUNT);
const before = Deno.memoryUsage().external;
for (let i = 0; i < COUNT; i++) kept[i] = new Uint8Array(BYTES);
const outside = (Deno.memoryUsage().external - before) / kept.length;
console.log(outside >= BYTES / 2 ? "outside of the heap" : "within the heap");
JS
result=0
for version in 2.4.2 2.9.6; do
  mkdir -p "deno-$version"
  (cd "deno-$version" && npm init -y >/dev/null && npm install --silent --no-audit --no-fund "deno@$version" >/dev/null)
  where="$(NO_COLOR=1 DENO_TLS_CA_STORE=system "deno-$version/node_modules/.bin/deno" run --quiet --no-config arrays.js)"
  printf 'deno %s\n  100,000 arrays of 8 bytes: %s\n' "$version" "$where"
  [ "$where" = "outside of the heap" ] || result=1
done
exit $result
