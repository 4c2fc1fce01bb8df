#!/usr/bin/env bash
# node:child_process in Deno: the second signal to a child.
#
# A guess: `child.kill(signal)` sends that signal, as often as it is called, as in Node and Bun. In Deno the first signal
# counts as the child's end, whatever the child makes of it: `signalCode` is set, later signals are not delivered, and "exit"
# never comes. So a child that was asked to reload cannot be stopped, and one that was stopped with SIGSTOP stays so.
# Deno 2.4.2 even returns true for the signals that it does not send. process.kill(pid) sends all of them.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

bun=1.4.5

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >child.sh <<'SH'
trap 'echo reloaded' HUP
trap 'echo stopping; exit 3' TERM
echo ready
for i in $(seq 100); do sleep 0.05; done
SH
cat >signals.mjs <<'JS'
import { spawn } from "node:child_process";
import process from "node:process";

const child = spawn("bash", ["child.sh"], { stdio: ["ignore", "pipe", "inherit"] });
const seen = [];
child.stdout.on("data", (text) => seen.push(String(text).trim()));
child.on("exit", (code) => seen.push(`exit ${code}`));
/** Waits for the next event, half a second at most. */
async function next() {
  const { length } = seen;
  for (let i = 0; i < 50 && seen.length === length; i++) await new Promise((resolve) => setTimeout(resolve, 10));
}
await next();
for (const signal of ["SIGHUP", "SIGHUP", "SIGTERM"]) {
  seen.push(`${signal} ${child.kill(signal)}`);
  await next();
}
await next();
console.log(`${seen.join(", ")}, signalCode ${child.signalCode}`);
try {
  process.kill(child.pid, "SIGKILL");
} catch {
  // It has ended.
}
process.exit(0);
JS
for version in 2.4.2 2.9.6; do
  mkdir -p "deno-$version"
  (cd "deno-$version" && npm init -y >/dev/null && npm install --silent --no-audit --no-fund "deno@$version" >/dev/null)
done
npm init -y >/dev/null
npm install --silent --no-audit --no-fund "bun@$bun" >/dev/null
result=0
check() {
  printf '%s: %s\n' "$1" "$3"
  [ "$2" = "$3" ] || result=1
}
all="ready, SIGHUP true, reloaded, SIGHUP true, reloaded, SIGTERM true, stopping, exit 3, signalCode null"
check "node $(node --version)" "$all" "$(node signals.mjs)"
check "bun $bun" "$all" "$(npx bun signals.mjs)"
check "deno 2.9.6" "ready, SIGHUP true, reloaded, SIGHUP false, SIGTERM false, signalCode SIGHUP" \
  "$(deno-2.9.6/node_modules/.bin/deno run --quiet --no-check -A signals.mjs)"
check "deno 2.4.2" "ready, SIGHUP true, reloaded, SIGHUP true, SIGTERM true, signalCode SIGHUP" \
  "$(deno-2.4.2/node_modules/.bin/deno run --quiet --no-check -A signals.mjs)"
exit $result
