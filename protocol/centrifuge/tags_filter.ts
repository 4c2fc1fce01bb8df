/**
 * Filters of publications by their tags: what a subscriber does not want is not sent to it.
 *
 * In: the expression of a subscription, and the tags of a publication. Out: whether it is well-formed and within the bounds, and whether
 * the tags match. The expressions are those of Centrifugo: a node compares one tag, or joins other nodes. A missing tag differs from
 * every value. Numbers are decimals of any length, compared exactly; what is no number matches no comparison of numbers.
 */

import { type Read, readList, readObject, readText, text } from "../json/mod.ts";
import { compareDecimals } from "./decimal.ts";

/** One node of an expression. */
export interface TagsFilter {
  /** `and`, `or`, `not` of other nodes; empty: a comparison. */
  readonly op?: string | undefined;
  /** The tag that is compared. */
  readonly key?: string | undefined;
  readonly cmp?: string | undefined;
  readonly val?: string | undefined;
  readonly vals?: readonly string[] | undefined;
  readonly nodes?: readonly TagsFilter[] | undefined;
}

/** The most nodes and values of an expression together: all of them may be compared for each publication. */
const MOST_PARTS = 100;
/** The most nodes inside of each other. */
const MOST_DEPTH = 8;

/** Reads an expression, of any form: see {@link isTagsFilter}. */
export const readTagsFilter: Read<TagsFilter> = (slice) => readNode(slice);

const readNode: Read<TagsFilter> = readObject({
  op: text("op"),
  key: text("key"),
  cmp: text("cmp"),
  val: text("val"),
  vals: { wire: "vals", read: readList(readText) },
  nodes: { wire: "nodes", read: readList((slice) => readTagsFilter(slice)) },
});

type Compare = (tag: string | undefined, node: TagsFilter) => boolean;

/** Comparisons with one value. */
const WITH_VALUE: ReadonlyMap<string, Compare> = new Map<string, Compare>([
  ["eq", (tag, { val }) => tag === val],
  ["neq", (tag, { val }) => tag !== val],
  ["sw", (tag, { val }) => tag !== undefined && tag.startsWith(val!)],
  ["ew", (tag, { val }) => tag !== undefined && tag.endsWith(val!)],
  ["ct", (tag, { val }) => tag !== undefined && tag.includes(val!)],
  ["gt", (tag, { val }) => isOrdered(tag, val!, (order) => order > 0)],
  ["gte", (tag, { val }) => isOrdered(tag, val!, (order) => order >= 0)],
  ["lt", (tag, { val }) => isOrdered(tag, val!, (order) => order < 0)],
  ["lte", (tag, { val }) => isOrdered(tag, val!, (order) => order <= 0)],
]);
/** Comparisons with a list. */
const WITH_VALUES: ReadonlyMap<string, Compare> = new Map<string, Compare>([
  ["in", (tag, { vals }) => tag !== undefined && vals!.includes(tag)],
  ["nin", (tag, { vals }) => tag === undefined || !vals!.includes(tag)],
]);
/** Comparisons with nothing. */
const WITHOUT_VALUE: ReadonlyMap<string, Compare> = new Map<string, Compare>([
  ["ex", (tag) => tag !== undefined],
  ["nex", (tag) => tag === undefined],
]);
const COMPARISONS: ReadonlyMap<string, Compare> = new Map([
  ...WITH_VALUE,
  ...WITH_VALUES,
  ...WITHOUT_VALUE,
]);

/** Whether an expression is well-formed and within the bounds. */
export function isTagsFilter(filter: TagsFilter): boolean {
  return partsOf(filter, 1) <= MOST_PARTS;
}

/** Whether tags match an expression that {@link isTagsFilter}. */
export function matchesTags(filter: TagsFilter, tags: ReadonlyMap<string, string>): boolean {
  const { op = "", nodes = [] } = filter;
  switch (op) {
    case "and":
      return nodes.every((node) => matchesTags(node, tags));
    case "or":
      return nodes.some((node) => matchesTags(node, tags));
    case "not":
      return !matchesTags(nodes[0]!, tags);
    default:
      return COMPARISONS.get(filter.cmp!)!(tags.get(filter.key ?? ""), filter);
  }
}

/** How many nodes and values a node has; Infinity if it is not well-formed. */
function partsOf(filter: TagsFilter, depth: number): number {
  const { op = "", nodes = [] } = filter;
  if (depth > MOST_DEPTH) return Infinity;
  if (op === "") return partsOfComparison(filter);
  const isJoint = op === "and" || op === "or";
  if (!(isJoint ? nodes.length > 0 : op === "not" && nodes.length === 1)) return Infinity;
  let parts = 1;
  for (const node of nodes) {
    parts += partsOf(node, depth + 1);
    if (parts > MOST_PARTS) return Infinity;
  }
  return parts;
}

function partsOfComparison({ key = "", cmp = "", val = "", vals = [] }: TagsFilter): number {
  const isComplete = WITH_VALUE.has(cmp)
    ? key !== "" && val !== "" && vals.length === 0
    : WITH_VALUES.has(cmp)
    ? key !== "" && val === "" && vals.length > 0
    : WITHOUT_VALUE.has(cmp) && val === "" && vals.length === 0;
  return isComplete ? 1 + vals.length : Infinity;
}

function isOrdered(
  tag: string | undefined,
  value: string,
  isWanted: (order: number) => boolean,
): boolean {
  const order = tag === undefined ? undefined : compareDecimals(tag, value);
  return order !== undefined && isWanted(order);
}
