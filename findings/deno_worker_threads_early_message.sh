#!/usr/bin/env bash
# node:worker_threads: a message that is posted before the worker listens.
#
# A guess from Node's manual: messages queue in the port until the worker adds a listener. Node and Bun do so,
# also across a top-level await. Deno's node:worker_threads drops the message, and nothing reports it.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

deno=2.9.6
bun=1.4.5

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >early.mjs <<'JS'
import { isMainThread, parentPort, Worker } from "node:worker_threads";

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds, "nothing"));
if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url));
  worker.postMessage("early");
  console.log(await Promise.race([new Promise((resolve) => worker.once("message", resolve)), wait(3000)]));
  process.exit(0);
} else {
  await wait(300);
  parentPort.on("message", (text) => parentPort.postMessage(`got ${text}`));
}
JS
npm init -y >/dev/null
npm install --silent --no-audit --no-fund "deno@$deno" "bun@$bun" >/dev/null

in_node="$(node early.mjs)"
in_bun="$(npx bun early.mjs)"
in_deno="$(npx deno run --quiet -A early.mjs)"
printf 'node %s: %s\nbun %s: %s\ndeno %s: %s\n' "$(node --version)" "$in_node" "$bun" "$in_bun" "$deno" "$in_deno"
[ "$in_node" = "got early" ] && [ "$in_bun" = "got early" ] && [ "$in_deno" = "nothing" ]
