/** Filters by tags: a table of expressions, and random ones, held against an evaluation written another way; the bounds. */

import { assertEquals } from "@std/assert";
import { isTagsFilter, matchesTags, type TagsFilter } from "../../../protocol/centrifuge/mod.ts";
import { Random } from "../../support/random.ts";

const TAGS = new Map([["city", "Köln"], ["price", "10.50"], ["empty", ""], [
  "big",
  "90071992547409930",
]]);
const leaf = (key: string, cmp: string, val?: string): TagsFilter => ({ key, cmp, val });
const list = (key: string, cmp: string, ...vals: string[]): TagsFilter => ({ key, cmp, vals });

const TRUE: readonly TagsFilter[] = [
  leaf("city", "eq", "Köln"),
  leaf("city", "neq", "Bonn"),
  leaf("none", "neq", "Bonn"),
  list("city", "in", "Bonn", "Köln"),
  list("city", "nin", "Bonn"),
  list("none", "nin", "Bonn"),
  leaf("empty", "ex"),
  leaf("none", "nex"),
  leaf("city", "sw", "Kö"),
  leaf("city", "ew", "ln"),
  leaf("city", "ct", "öl"),
  leaf("price", "gt", "9"),
  leaf("price", "gt", "-11"),
  leaf("price", "gte", "10.5"),
  leaf("price", "lte", "010.500"),
  leaf("price", "lt", "10.51"),
  leaf("big", "gt", "90071992547409929.9"),
  { op: "and", nodes: [leaf("city", "ex"), leaf("price", "gt", "1")] },
  { op: "or", nodes: [leaf("none", "ex"), leaf("price", "gt", "1")] },
  { op: "not", nodes: [leaf("none", "ex")] },
];
const FALSE: readonly TagsFilter[] = [
  leaf("city", "eq", "köln"),
  leaf("none", "eq", "Köln"),
  leaf("city", "neq", "Köln"),
  list("city", "in", "Bonn"),
  list("none", "in", "Bonn"),
  list("city", "nin", "Bonn", "Köln"),
  leaf("none", "ex"),
  leaf("empty", "nex"),
  leaf("none", "sw", "K"),
  leaf("none", "ew", "K"),
  leaf("none", "ct", "K"),
  leaf("price", "gt", "10.5"),
  leaf("price", "lt", "10.5"),
  leaf("none", "lt", "10"),
  leaf("city", "lt", "10"),
  leaf("price", "gt", "one"),
  leaf("price", "gt", "1e0"),
  leaf("big", "lt", "90071992547409929.9"),
  { op: "and", nodes: [leaf("city", "ex"), leaf("none", "ex")] },
  { op: "or", nodes: [leaf("none", "ex"), leaf("other", "ex")] },
  { op: "not", nodes: [leaf("city", "ex")] },
];

for (const [expected, filters] of [[true, TRUE], [false, FALSE]] as const) {
  for (const filter of filters) {
    Deno.test(`tags filter: ${JSON.stringify(filter)} is ${expected}`, () => {
      assertEquals(isTagsFilter(filter), true);
      assertEquals(matchesTags(filter, TAGS), expected);
      assertEquals(reference(filter, Object.fromEntries(TAGS)), expected, "the reference");
    });
  }
}

Deno.test("tags filter: what is not well-formed, or too much", () => {
  const good = leaf("a", "ex");
  const nested = (depth: number): TagsFilter =>
    depth === 1 ? good : { op: "not", nodes: [nested(depth - 1)] };
  const wide = (count: number): TagsFilter => ({ op: "or", nodes: Array(count).fill(good) });
  const refused: TagsFilter[] = [
    {},
    { key: "a" },
    { cmp: "eq", val: "x" },
    { key: "a", cmp: "eq" },
    { key: "a", cmp: "eq", val: "x", vals: ["y"] },
    { key: "a", cmp: "in" },
    { key: "a", cmp: "in", vals: ["x"], val: "y" },
    { key: "a", cmp: "ex", val: "y" },
    { key: "a", cmp: "like", val: "y" },
    { key: "a", cmp: "constructor", val: "y" },
    { op: "and" },
    { op: "or", nodes: [] },
    { op: "not", nodes: [good, good] },
    { op: "xor", nodes: [good, good] },
    { op: "and", nodes: [good, {}] },
    nested(9),
    wide(100),
    list("a", "in", ...Array(100).fill("x")),
  ];
  for (const filter of refused) assertEquals(isTagsFilter(filter), false, JSON.stringify(filter));
  for (const filter of [nested(8), wide(99), list("a", "in", ...Array(99).fill("x"))]) {
    assertEquals(isTagsFilter(filter), true);
  }
});

Deno.test("tags filter: random expressions", () => {
  const met = { true: 0, false: 0 };
  for (let seed = 1; seed <= 5_000; seed++) {
    const random = new Random(seed);
    const filter = randomFilter(random, 4);
    const tags = Object.fromEntries(
      KEYS.filter(() => random.below(3) > 0).map((key) => [key, pick(random, VALUES)]),
    );
    if (!isTagsFilter(filter)) continue;
    const expected = reference(filter, tags);
    met[`${expected}`]++;
    const found = matchesTags(filter, new Map(Object.entries(tags)));
    assertEquals(found, expected, `${seed} ${JSON.stringify([filter, tags])}`);
  }
  assertEquals(met.true > 500 && met.false > 500, true, JSON.stringify(met));
});

const KEYS = ["a", "b", "c"];
const VALUES = ["x", "xy", "yx", "1", "1.0", "-1", "+1.05", "0", "-0.0", "10", "9.99", "1e3", ".5"];
const CMPS = ["eq", "neq", "sw", "ew", "ct", "gt", "gte", "lt", "lte", "in", "nin", "ex", "nex"];

function pick<T>(random: Random, all: readonly T[]): T {
  return all[random.below(all.length)]!;
}

function randomFilter(random: Random, depth: number): TagsFilter {
  const op = depth === 0 ? "" : pick(random, ["", "", "and", "or", "not"]);
  if (op !== "") {
    const count = op === "not" ? 1 : 1 + random.below(3);
    return { op, nodes: Array.from({ length: count }, () => randomFilter(random, depth - 1)) };
  }
  const [key, cmp] = [pick(random, KEYS), pick(random, CMPS)];
  if (cmp === "ex" || cmp === "nex") return { key, cmp };
  if (cmp === "in" || cmp === "nin") return { key, cmp, vals: [pick(random, VALUES), "x"] };
  return { key, cmp, val: pick(random, VALUES) };
}

/** What an expression means, by other means: numbers as integers of 10^-30. */
function reference(filter: TagsFilter, tags: Readonly<Record<string, string>>): boolean {
  const { op, key, cmp, val = "", vals = [], nodes = [] } = filter;
  const all = nodes.map((node) => reference(node, tags));
  if (op === "and") return !all.includes(false);
  if (op === "or") return all.includes(true);
  if (op === "not") return !all[0];
  const tag = Object.hasOwn(tags, key!) ? tags[key!] : undefined;
  // Each negated comparison is the opposite of the other one.
  const opposite = { neq: "eq", nin: "in", nex: "ex" }[cmp!];
  if (opposite !== undefined) return !reference({ ...filter, cmp: opposite }, tags);
  if (tag === undefined) return false;
  if (cmp === "ex") return true;
  if (cmp === "eq") return `${tag}|` === `${val}|`;
  if (cmp === "in") return vals.some((one) => one === tag);
  if (cmp === "ct") return tag.split(val).length > 1;
  if (cmp === "sw") return tag.slice(0, val.length) === val;
  if (cmp === "ew") return tag.slice(Math.max(0, tag.length - val.length)) === val;
  const [one, other] = [scaled(tag), scaled(val)];
  if (one === undefined || other === undefined) return false;
  return cmp!.startsWith("g")
    ? one > other || (cmp === "gte" && one === other)
    : one < other || (cmp === "lte" && one === other);
}

function scaled(text: string): bigint | undefined {
  if (!/^[+-]?[0-9]+(\.[0-9]+)?$/.test(text)) return undefined;
  const [whole, fraction = ""] = text.replace(/^[+-]/, "").split(".");
  const size = BigInt(whole + fraction.padEnd(30, "0"));
  return text.startsWith("-") ? -size : size;
}
