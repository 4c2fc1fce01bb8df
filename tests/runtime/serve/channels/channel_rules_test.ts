/** Which options apply to a channel's name, and which names are refused. */

import { assertEquals } from "@std/assert";
import { CHANNEL_OPTIONS, type ChannelOptions } from "../../../../runtime/config/mod.ts";
import { ChannelRules, parseChannelName } from "../../../../runtime/serve/channels/mod.ts";

function options(changes: Partial<ChannelOptions> & { historySize: number }): ChannelOptions {
  return { ...CHANNEL_OPTIONS, ...changes };
}

// The size of the history tells the namespaces apart.
const RULES = new ChannelRules({
  options: options({ historySize: 1 }),
  namespaces: {
    chat: options({ historySize: 2, allowUserLimitedChannels: true }),
    news: options({ historySize: 3, channelRegex: "^[a-zé]+$" }),
    "a.b-c": options({ historySize: 4 }),
  },
}, { nameBytes: 20 });

function found(name: string): [number, string, boolean, readonly string[] | undefined] | number {
  const answer = RULES.resolve(name);
  if ("error" in answer) return answer.error.code;
  const { options, rest, isPrivate, users } = answer.channel;
  return [options.historySize, rest, isPrivate, users];
}

Deno.test("channel rules: the namespace is what stands before the first colon", () => {
  assertEquals(found("index"), [1, "index", false, undefined]);
  assertEquals(found("chat:room"), [2, "room", false, undefined]);
  assertEquals(found("chat:a:b"), [2, "a:b", false, undefined]);
  assertEquals(found("chat:"), [2, "", false, undefined]);
  assertEquals(found("a.b-c:x"), [4, "x", false, undefined]);
  assertEquals(found("unknown:x"), 102);
  assertEquals(found("Chat:x"), 102);
  assertEquals(found(":x"), 102);
});

Deno.test("channel rules: other namespaces may have options of their own", () => {
  const [own, others] = [options({ historySize: 1 }), options({ historySize: 7 })];
  const rules = new ChannelRules(
    { options: own, namespaces: { chat: own }, otherNamespaces: others },
    { nameBytes: 20 },
  );
  const sizes = ["x", "chat:x", "other:x", "constructor:x", ":x"].map((name) => {
    const answer = rules.resolve(name);
    return "error" in answer ? answer.error.code : answer.channel.options.historySize;
  });
  assertEquals(sizes, [1, 1, 7, 7, 7]);
});

Deno.test("channel rules: names of Object.prototype are no namespaces", () => {
  for (const name of ["constructor:x", "__proto__:x", "toString:x"]) assertEquals(found(name), 102);
});

Deno.test("channel rules: $ needs a token, before the namespace", () => {
  assertEquals(found("$index"), [1, "$index", true, undefined]);
  assertEquals(found("$chat:room"), [2, "room", true, undefined]);
  assertEquals(found("chat:$room"), [2, "$room", false, undefined]);
  assertEquals(found("$unknown:room"), 102);
  assertEquals(found("$$chat:room"), 102);
});

Deno.test("channel rules: # limits to users, if the namespace allows it", () => {
  assertEquals(found("chat:pair#17,42"), [2, "pair#17,42", false, ["17", "42"]]);
  assertEquals(found("chat:#17"), [2, "#17", false, ["17"]]);
  assertEquals(found("chat:a#b#17"), [2, "a#b#17", false, ["17"]]);
  assertEquals(found("chat:a#"), [2, "a#", false, [""]]);
  assertEquals(found("index#17"), [1, "index#17", false, undefined]);
  assertEquals(parseChannelName("index#17").users, ["17"]);
});

Deno.test("channel rules: the regular expression is about what is behind the namespace", () => {
  assertEquals(found("news:abc"), [3, "abc", false, undefined]);
  assertEquals(found("news:é"), [3, "é", false, undefined]);
  assertEquals(found("news:ABC"), 107);
  assertEquals(found("news:"), 107);
});

Deno.test("channel rules: without a regular expression names are ASCII", () => {
  for (const name of ["é", "chat:é", "日本"]) assertEquals(found(name), 107);
  assertEquals(found("a\u007f"), [1, "a\u007f", false, undefined]);
});

Deno.test("channel rules: the length counts bytes", () => {
  assertEquals(found("a".repeat(20)), [1, "a".repeat(20), false, undefined]);
  assertEquals(found("a".repeat(21)), 107);
  assertEquals(found(`news:${"é".repeat(7)}`), [3, "é".repeat(7), false, undefined]);
  assertEquals(found(`news:${"é".repeat(8)}`), 107);
  assertEquals(found(""), 107);
});

Deno.test("channel rules: half of a surrogate pair is in no name, whatever the namespace allows", () => {
  const any = options({ historySize: 1, channelRegex: "^.+$" });
  const rules = new ChannelRules({ options: any, namespaces: {} }, { nameBytes: 20 });
  for (const name of ["\ud83d", "a\ude00b", "\ude00\ud83d"]) {
    const answer = rules.resolve(name);
    assertEquals("error" in answer && answer.error.code, 107);
  }
  assertEquals("channel" in rules.resolve("\ud83d\ude00"), true);
});
