#!/usr/bin/env bash
# Worker.terminate() on a worker that computes without a pause.
#
# A guess from the HTML standard, and from older versions: terminate() aborts the script that runs. Deno 2.4.2
# stops the worker within seconds; in Deno 2.9.6 its loop still runs seconds later, and shared memory that the
# worker writes goes on changing. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

old=2.4.2
new=2.9.6

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >terminate.mjs <<'JS'
const code = `onmessage = ({ data }) => {
  const ticks = new Int32Array(data);
  postMessage("started");
  for (let i = 0; i < 2 ** 40; i++) Atomics.add(ticks, 0, 1);
};
postMessage("loaded");`;
const worker = new Worker(`data:application/javascript,${encodeURIComponent(code)}`, { type: "module" });
const next = () => new Promise((resolve) => worker.onmessage = resolve);
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const ticks = new Int32Array(new SharedArrayBuffer(4));
await next();
worker.postMessage(ticks.buffer);
await next();
worker.terminate();
await wait(4000);
const before = Atomics.load(ticks, 0);
await wait(300);
console.log(Atomics.load(ticks, 0) === before ? "stopped" : "still running");
Deno.exit(0);
JS
run() {
  mkdir -p "deno-$1"
  (cd "deno-$1" && npm init -y >/dev/null && npm install --silent --no-audit --no-fund "deno@$1" >/dev/null)
  "deno-$1/node_modules/.bin/deno" run --quiet -A terminate.mjs
}
seen_old="$(run "$old")"
seen_new="$(run "$new")"
printf 'deno %s: %s\ndeno %s: %s\n' "$old" "$seen_old" "$new" "$seen_new"
[ "$seen_old" = "stopped" ] && [ "$seen_new" = "still running" ]
