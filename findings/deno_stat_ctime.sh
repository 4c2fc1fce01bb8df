#!/usr/bin/env bash
# Deno on Linux, and the time of change of an inode (ctime).
#
# A guess: ctime is as precise as mtime, since statx(2) gives both with nanoseconds, and both are a Date. In Deno 2.4.2 and
# 2.9.6 ctime is cut to whole seconds, in Deno.stat as in node:fs, while mtime has milliseconds; in Node both have. So two
# changes within a second cannot be told apart by ctime, and a file that was just changed seems up to a second older
# than the clock. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >probe.mjs <<'EOF'
import { statSync, writeFileSync } from "node:fs";
const counts = { ctime: 0, mtime: 0 };
for (let i = 0; i < 20; i++) {
  writeFileSync("file.txt", String(i));
  const { ctime, mtime } = globalThis.Deno?.statSync("file.txt") ?? statSync("file.txt");
  if (ctime.getMilliseconds() !== 0) counts.ctime++;
  if (mtime.getMilliseconds() !== 0) counts.mtime++;
  if (globalThis.Deno && statSync("file.txt").ctime.getMilliseconds() !== 0) counts.ctime++;
  await new Promise((resolve) => setTimeout(resolve, 23));
}
console.log(`of 20 writes, with a part of a second: ctime ${counts.ctime}, mtime ${counts.mtime}`);
// One in a thousand writes is at a whole second.
const isFractional = (count) => count >= 18;
const isAsSeen = globalThis.Deno ? counts.ctime === 0 : isFractional(counts.ctime);
process.exitCode = isAsSeen && isFractional(counts.mtime) ? 0 : 1;
EOF
sed -i '1i import process from "node:process";' probe.mjs

result=0
for version in 2.4.2 2.9.6; do
  mkdir "deno-$version"
  (cd "deno-$version" && npm init -y >/dev/null && npm install --silent --no-audit --no-fund "deno@$version" >/dev/null)
  printf 'deno %s: ' "$version"
  "deno-$version/node_modules/.bin/deno" run --quiet --allow-read=. --allow-write=. probe.mjs || result=1
done
printf 'node %s: ' "$(node --version)"
node probe.mjs || result=1
exit "$result"
