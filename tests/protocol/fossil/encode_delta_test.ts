/** Fossil deltas: they make the document when `centrifuge` and `fossil-delta` of npm apply them, and are as short as they can be. */

import { assert, assertEquals } from "@std/assert";
import { applyDelta, createDelta } from "npm:fossil-delta@2.0.0";
import { encodeDelta, LONGEST_DELTA_DOCUMENT } from "../../../protocol/fossil/mod.ts";
import { changingDocuments } from "../../support/changing_document.ts";
import { applyAsClient } from "../../support/delta_reader.ts";

const UTF8 = new TextEncoder();
const LONG = Array.from({ length: 30 }, (_, i) => `number ${i * i}`).join(", ");

/** The delta as text, after it was applied by others, by the client only if it is JSON; undefined: there is none. */
function delta(before: string, now: string): string | undefined {
  const [from, to] = [UTF8.encode(before), UTF8.encode(now)];
  const made = encodeDelta(from, to);
  if (made === undefined) return undefined;
  assert(made.length < to.length);
  if (now.startsWith('"')) assertEquals(new TextDecoder().decode(applyAsClient(from, made)), now);
  assertEquals(new Uint8Array(applyDelta(from, made)), to);
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(made);
}

/** What a delta copies and inserts: `=7@3` is a copy of 7 bytes from place 3. Numbers below 64 alone. */
const ROWS: readonly { name: string; before: string; now: string; expect: RegExp | undefined }[] = [
  { name: "the same", before: LONG, now: LONG, expect: /^5O\n5O@0,[^;@:]+;$/ },
  { name: "nothing before", before: "", now: LONG, expect: undefined },
  { name: "nothing now", before: LONG, now: "", expect: undefined },
  { name: "too short", before: "abc", now: "abc", expect: undefined },
  { name: "nothing in common", before: "a".repeat(99), now: "b".repeat(99), expect: undefined },
  { name: "more at the end", before: LONG, now: `${LONG}!`, expect: /^5P\n5O@0,1:![^;@:]+;$/ },
  { name: "more at the start", before: LONG, now: `!${LONG}`, expect: /^5P\n1:!5O@0,[^;@:]+;$/ },
  { name: "less at the start", before: `!${LONG}`, now: LONG, expect: /^5O\n5O@1,[^;@:]+;$/ },
  {
    name: "a change in the middle",
    before: `${LONG}a${LONG}`,
    now: `${LONG}bc${LONG}`,
    expect: /^[^@:]+\n5O@0,2:bc5O@5P,[^;@:]+;$/,
  },
  {
    name: "parts in another order",
    before: `${"a".repeat(40)}${LONG}`,
    now: `${LONG}${"a".repeat(40)}`,
    expect: /^[^@:]+\n5O@d,d@0,[^;@:]+;$/,
  },
  {
    name: "a long run",
    before: "0".repeat(5_000),
    now: `1${"0".repeat(5_000)}1`,
    expect: /^[^@:]+\n1:11E8@0,1:1[^;@:]+;$/,
  },
];

for (const { name, before, now, expect } of ROWS) {
  Deno.test(`fossil delta: ${name}`, () => {
    const text = delta(before, now);
    if (expect === undefined) assertEquals(text, undefined);
    else assert(text !== undefined && expect.test(text), text);
  });
}

Deno.test("fossil delta: an insert is whole characters, wherever documents differ", () => {
  const characters = ["a", "é", "è", "ü", "€", "₭", "😀", "😁", "🙀"];
  for (const one of characters) {
    for (const other of characters) {
      for (const [start, end] of [["", ""], ["é", "€"], ["😀", "😁"]]) {
        const of = (x: string) => `"${LONG}${start}${x}${end}${LONG}${end}${x}${start}${LONG}"`;
        assert(delta(of(one), of(other)) !== undefined);
      }
    }
  }
});

Deno.test("fossil delta: every place of a change, every length up to two blocks", () => {
  const text = JSON.stringify(LONG.slice(0, 98));
  for (let at = 1; at < text.length; at++) {
    for (let length = 0; length <= 33; length++) {
      const inserted = "x".repeat(length);
      delta(text, text.slice(0, at) + inserted + text.slice(at));
      delta(
        text,
        text.slice(0, at) + inserted + text.slice(Math.min(at + length, text.length - 1)),
      );
      delta(text.slice(0, at) + inserted + text.slice(at), text);
    }
  }
});

Deno.test("fossil delta: documents that are too long have none", () => {
  const longest = new Uint8Array(LONGEST_DELTA_DOCUMENT).fill(0x20);
  const longer = new Uint8Array(LONGEST_DELTA_DOCUMENT + 1).fill(0x20);
  assert(encodeDelta(longest, longest) !== undefined);
  assertEquals(encodeDelta(longest, longer), undefined);
  assertEquals(encodeDelta(longer, longest), undefined);
});

Deno.test("fossil delta: no longer than that of another encoder, for documents that change in places", () => {
  const documents = changingDocuments(30).map((one) => UTF8.encode(JSON.stringify(one)));
  let [ours, theirs] = [0, 0];
  for (let i = 1; i < documents.length; i++) {
    const [before, now] = [documents[i - 1]!, documents[i]!];
    ours += encodeDelta(before, now)!.length;
    theirs += createDelta(before, now).length;
  }
  assert(ours <= theirs, `${ours} bytes, not ${theirs}`);
});

/** Counts how often bytes of a document are read. */
function counted(bytes: Uint8Array): { readonly bytes: Uint8Array; reads(): number } {
  let reads = 0;
  const proxy = new Proxy(bytes, {
    get(target, key) {
      const value = Reflect.get(target, key);
      if (typeof key === "string" && /^\d+$/.test(key)) reads++;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { bytes: proxy, reads: () => reads };
}

/** Documents for which a search that is not bounded takes quadratic time, of about so many bytes. */
const HOSTILE: Readonly<Record<string, (size: number) => readonly [string, string]>> = {
  "one run": (size) => ["0".repeat(size), "1" + "0".repeat(size / 2) + "1" + "0".repeat(size / 2)],
  "runs that end early": (size) => [
    ("0".repeat(31) + "1").repeat(size / 32),
    "2" + ("0".repeat(33) + "1").repeat(size / 34),
  ],
  "blocks that all are alike but for the end": (size) => {
    const row = (i: number) => "abcdefghijklmnop" + String(i).padStart(16, "-");
    const rows = (first: number) =>
      Array.from({ length: size / 32 }, (_, i) => row(first + i)).join("");
    return ["x" + rows(0) + "x", "y" + rows(1_000_000) + "y"];
  },
  "a period of one less than a block": (size) => [
    "abcdefghijklmno".repeat(size / 15),
    "!" + "abcdefghijklmno".repeat(size / 30) + "?" + "abcdefghijklmno".repeat(size / 30),
  ],
  "continuations without a character": (size) => [
    "\x80".repeat(size),
    "x" + "\x80".repeat(size / 2) + "y" + "\x80".repeat(size / 2),
  ],
};

for (const [name, documents] of Object.entries(HOSTILE)) {
  Deno.test(`fossil delta: the time is linear: ${name}`, () => {
    const latin1 = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
    const readsFor = (size: number) => {
      const [before, now] = documents(size).map((text) => counted(latin1(text)));
      const made = encodeDelta(before!.bytes, now!.bytes);
      if (made !== undefined) {
        assertEquals(
          new Uint8Array(applyDelta(latin1(documents(size)[0]), made)).length,
          now!.bytes.length,
        );
      }
      return before!.reads() + now!.reads();
    };
    const [short, long] = [readsFor(3_840), readsFor(38_400)];
    assert(long < 20 * short, `${short} reads for 3,840 bytes, ${long} for 38,400`);
    assert(long < 120 * 38_400, `${long} reads for 38,400 bytes`);
  });
}
