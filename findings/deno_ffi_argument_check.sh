#!/usr/bin/env bash
# Deno FFI: which numbers an i32 or u32 argument accepts.
#
# A guess: whether a number is accepted depends on the number. It depends on how often the code has run. While the code
# around the call is interpreted, -0 (what Math.round(-0.4) gives) is refused with a TypeError, "expected integer", and
# so is 1.5. Once V8 has optimised that code, the same calls pass as 0 and 1. So what a test sees in its first calls
# says nothing about a hot loop, nor the other way round. The oldest and the newest version alike.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >numbers.ts <<'TS'
const { symbols } = Deno.dlopen("libc.so.6", {
  htonl: { parameters: ["u32"], result: "u32" },
  abs: { parameters: ["i32"], result: "i32" },
});

/** Many calls with a good number, then one with the other, all at one place of the code. */
function manyThenOne(call: (value: number) => number, count: number, value: number): string {
  let result = 0;
  try {
    for (let i = 0; i <= count; i++) result = call(i < count ? 7 : value);
  } catch (error) {
    return (error as Error).name;
  }
  return String(result);
}

/** The first call, and the same call later; V8 has up to 30 seconds to optimise the code around it. */
async function firstAndLast(call: (value: number) => number, value: number): Promise<string[]> {
  const first = manyThenOne(call, 0, value);
  let last = first;
  for (const start = Date.now(); last === first && Date.now() - start < 30_000;) {
    last = manyThenOne(call, 50_000, value);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return [first, last];
}

const rows = [
  ["abs(-0), i32", await firstAndLast((value) => symbols.abs(value), Math.round(-0.4)), "0"],
  ["htonl(-0), u32", await firstAndLast((value) => symbols.htonl(value), Math.round(-0.4)), "0"],
  ["abs(1.5), i32", await firstAndLast((value) => symbols.abs(value), 1.5), "1"],
] as const;
for (const [name, [first, last]] of rows) console.log(`  ${name}: ${first}, later ${last}`);
Deno.exit(rows.every(([, [first, last], result]) => first === "TypeError" && last === result) ? 0 : 1);
TS
result=0
for version in 2.4.2 2.9.6; do
  mkdir -p "deno-$version"
  (cd "deno-$version" && npm init -y >/dev/null && npm install --silent --no-audit --no-fund "deno@$version" >/dev/null)
  echo "deno $version"
  "deno-$version/node_modules/.bin/deno" run --quiet --no-check --allow-ffi numbers.ts || result=1
done
exit $result
