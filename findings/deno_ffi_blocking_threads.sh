#!/usr/bin/env bash
# Deno FFI: `nonblocking: true`, and how many such calls may wait at a time.
#
# A guess: they wait on a pool of hundreds of threads (Tokio's default is 512), and disturb nothing else. An isolate has
# 32 threads for all that blocks. While 31 calls wait, files, digests and connections by name go on; with 32 they stand
# still until a call returns, and only timers and connections by address run. The pool belongs to one isolate: 32 calls
# of a worker leave the main thread alone. The oldest and the newest version alike.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >waiting.ts <<'TS'
/** Starts calls that wait two seconds. */
export function startCalls(count: number): Promise<unknown> {
  const { symbols } = Deno.dlopen("libc.so.6", {
    usleep: { parameters: ["u32"], result: "i32", nonblocking: true },
  });
  return Promise.all(Array.from({ length: count }, () => symbols.usleep(2_000_000)));
}
TS
cat >worker.ts <<'TS'
import { startCalls } from "./waiting.ts";

self.onmessage = async ({ data }) => {
  const calls = startCalls(data);
  self.postMessage("started");
  await calls;
};
self.postMessage("loaded");
TS
cat >main.ts <<'TS'
import { startCalls } from "./waiting.ts";

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** What is not there after a second. */
async function late(): Promise<string> {
  const work = {
    file: Deno.readTextFile("main.ts"),
    digest: crypto.subtle.digest("SHA-256", new Uint8Array(16)),
    "connection by name": connect("localhost"),
    "connection by address": connect("127.0.0.1"),
  };
  const missing = new Set(Object.keys(work));
  for (const [name, done] of Object.entries(work)) done.then(() => missing.delete(name));
  await pause(1000);
  return [...missing].join(", ") || "nothing";
}

async function connect(hostname: string): Promise<void> {
  const connection = await Deno.connect({ hostname, port });
  connection.close();
}

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
const { port } = listener.addr;
await late();
const seen: string[] = [];
for (const count of [31, 32]) {
  const calls = startCalls(count);
  await pause(100);
  seen.push(`${count} calls, late: ${await late()}`);
  await calls;
}
const worker = new Worker(import.meta.resolve("./worker.ts"), { type: "module" });
const next = () => new Promise((resolve) => worker.onmessage = resolve);
await next();
worker.postMessage(32);
await next();
await pause(100);
seen.push(`32 calls in a worker, late: ${await late()}`);
for (const line of seen) console.log(`  ${line}`);
const expected = [
  "31 calls, late: nothing",
  "32 calls, late: file, digest, connection by name",
  "32 calls in a worker, late: nothing",
];
Deno.exit(seen.join("\n") === expected.join("\n") ? 0 : 1);
TS
result=0
for version in 2.4.2 2.9.6; do
  mkdir -p "deno-$version"
  (cd "deno-$version" && npm init -y >/dev/null && npm install --silent --no-audit --no-fund "deno@$version" >/dev/null)
  echo "deno $version"
  "deno-$version/node_modules/.bin/deno" run --quiet --no-check -A main.ts || result=1
done
exit $result
