/** Names of channels, nodes and clients as parts of subjects. */

import { assert, assertEquals } from "@std/assert";
import { NatsNames } from "../../../../../runtime/serve/engine/nats/names.ts";

const NAMES = [
  ...["", "chat:lobby", "a.b", "a.*.>", "*", ">", " ", "a b\t\r\n\0", "=", "=41", "a=b", "$JS.API"],
  ...[
    "\ufeff",
    "\ufeffa",
    "ü",
    "日本語",
    "😀",
    "%7B{}",
    "/\\",
    ":server:1-2",
    "x".repeat(255),
    "ü".repeat(120),
  ],
];

Deno.test("nats names: every channel is one part of a subject, and comes out again", () => {
  const names = new NatsNames("a.b>:");
  const tokens = new Set<string>();
  for (const name of NAMES) {
    const subject = names.delivery(name);
    const parts = subject.split(".");
    assertEquals(parts.length, 3, name);
    assert(/^[\w:=-]+$/.test(parts[2]!), subject);
    assertEquals(names.channelOf(subject), name);
    tokens.add(parts[2]!);
  }
  assertEquals(tokens.size, NAMES.length);
  assertEquals(names.delivery("chat:a"), "a=2Eb=3E:.d.chat:a");
  assertEquals(names.channelOf(names.records("a")), undefined);
});

Deno.test("nats names: whose member it is", () => {
  const names = new NatsNames("");
  for (const channel of NAMES) {
    for (const client of NAMES) {
      const subject = names.member(channel, "1-2", client);
      assertEquals(names.memberOf(subject), { channel, node: "1-2", client });
    }
  }
  assertEquals(names.memberOf("=.p.a.1-2"), undefined);
  assertEquals(names.memberOf("=.p.a.1-2.c.d"), undefined);
  assertEquals(names.memberOf("other.a.1-2.c"), undefined);
});
