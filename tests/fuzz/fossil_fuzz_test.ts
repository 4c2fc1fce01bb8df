/**
 * Fuzz test of Fossil deltas: for any two documents there is no delta, or one that is shorter than the document and makes it when
 * `centrifuge` and `fossil-delta` of npm apply it; as text it is UTF-8.
 *
 * Seeded: a failure names its seed. FUZZ_RUNS sets the number of inputs, FUZZ_SEED the first seed.
 */

import { assert, assertEquals } from "@std/assert";
import { applyDelta } from "npm:fossil-delta@2.0.0";
import { encodeDelta } from "../../protocol/fossil/mod.ts";
import { applyAsClient } from "../support/delta_reader.ts";
import { Random } from "../support/random.ts";

const RUNS = Number(Deno.env.get("FUZZ_RUNS") ?? 3_000);
const SEED = Number(Deno.env.get("FUZZ_SEED") ?? 1);

const UTF8 = new TextEncoder();
/** Of which texts are made: short and long, repeated ones, characters of each length. */
const PARTS = [
  '{"price":',
  "1",
  "0",
  "00000000000000000000",
  '"',
  "é",
  "€",
  "😀",
  "😁",
  ",",
  "abcdefghijklmnop",
];

Deno.test(`fossil fuzz: ${RUNS} pairs of documents from seed ${SEED}`, () => {
  const met = { none: 0, delta: 0 };
  for (let run = 0; run < RUNS; run++) {
    const seed = SEED + run;
    try {
      met[fuzzOne(new Random(seed))]++;
    } catch (error) {
      throw new Error(`fossil fuzz failed: FUZZ_SEED=${seed} FUZZ_RUNS=1`, { cause: error });
    }
  }
  if (RUNS < 1000) return;
  assert(met.none > RUNS / 50 && met.delta > RUNS / 2, JSON.stringify(met));
});

function fuzzOne(random: Random): "none" | "delta" {
  const before = textOf(random);
  const now = random.below(10) === 0 ? textOf(random) : changed(random, before);
  const [from, to] = [UTF8.encode(before), UTF8.encode(now)];
  const delta = encodeDelta(from, to);
  if (delta === undefined) return "none";
  assert(delta.length < to.length);
  assertEquals(new TextDecoder().decode(applyAsClient(from, delta)), now);
  assertEquals(new Uint8Array(applyDelta(from, delta)), to);
  return "delta";
}

/** JSON of a text, as the client parses what it has restored. */
function textOf(random: Random): string {
  const count = random.below(300);
  return JSON.stringify(Array.from({ length: count }, () => part(random)).join(""));
}

function part(random: Random): string {
  return PARTS[random.below(PARTS.length)]!;
}

/** The text with parts inserted, removed, repeated and moved. */
function changed(random: Random, json: string): string {
  let characters = [...JSON.parse(json) as string];
  for (let i = random.below(6); i > 0; i--) {
    const at = random.below(characters.length + 1);
    const count = random.below(40);
    const piece = characters.slice(at, at + count);
    const rest = [...characters.slice(0, at), ...characters.slice(at + count)];
    const to = random.below(rest.length + 1);
    const action = random.below(4);
    if (action === 0) characters.splice(at, 0, ...part(random));
    else if (action === 1) characters = rest;
    else if (action === 2) characters.splice(at, 0, ...piece);
    else characters = [...rest.slice(0, to), ...piece, ...rest.slice(to)];
  }
  return JSON.stringify(characters.join(""));
}
