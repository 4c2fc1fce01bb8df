/** The difference of a publication to the one before is made once, however many ask for it. */

import { assertEquals } from "@std/assert";
import { Entry, ENTRY_KIND } from "../../../../runtime/channels/mod.ts";
import { Chain } from "../../../../runtime/serve/hub/chain.ts";
import { textOf, utf8 } from "../../channels/stores.ts";

function entryOf(text: string, kind: Entry["kind"] = ENTRY_KIND.publication): Entry {
  const entry = new Entry();
  entry.kind = kind;
  entry.bytes = utf8(text);
  entry.dataEnd = entry.bytes.length;
  return entry;
}

Deno.test("hub chain: a difference is made once for all faces, also if there is none", () => {
  const chain = new Chain();
  const made: string[] = [];
  const make = (before: Entry, now: Entry) => {
    made.push(`${textOf(before.data)} ${textOf(now.data)}`);
    return textOf(now.data) === "c" ? undefined : utf8("d");
  };
  const ask = (now: Entry) => [1, 2, 3].map(() => chain.difference(now, make));
  assertEquals(ask(entryOf("a")), [undefined, undefined, undefined], "there is none before");
  chain.advance(entryOf("a"));
  chain.advance(entryOf("join", ENTRY_KIND.join));
  const [first, ...others] = ask(entryOf("b"));
  assertEquals(others, [first, first]);
  chain.advance(entryOf("b"));
  assertEquals(ask(entryOf("c")), [undefined, undefined, undefined]);
  assertEquals(made, ["a b", "b c"]);
});
