/** What an old server hands over: a new one of another version takes what it knows, and leaves the rest. */

import { assertEquals } from "@std/assert";
import { RECORD_FORMAT } from "../../../runtime/thread/mod.ts";
import { decodeHandover, encodeHandover } from "../../../runtime/executor/handover_text.ts";

const LISTENERS = [{ place: "::1 80", descriptor: 9 }, { place: "unix /run/a", descriptor: 5 }];

Deno.test("handover: the descriptors are numbered from 4 on, and the last is that for open connections", () => {
  const text = encodeHandover({ listeners: LISTENERS, admin: null });
  assertEquals(decodeHandover(text), {
    listeners: [{ place: "::1 80", descriptor: 4 }, { place: "unix /run/a", descriptor: 5 }],
    admin: null,
    connections: { descriptor: 6, isKnown: true },
  });
});

Deno.test("handover: connections in a format of another version stay where they are, sockets do not", () => {
  const handed = JSON.parse(encodeHandover({ listeners: LISTENERS, admin: null }));
  for (const connections of [RECORD_FORMAT - 1, RECORD_FORMAT + 1, "new"]) {
    const received = decodeHandover(JSON.stringify({ ...handed, connections }));
    assertEquals(received?.listeners.length, 2);
    assertEquals(received?.connections, { descriptor: 6, isKnown: false });
  }
  const { connections: _, ...without } = handed;
  assertEquals(decodeHandover(JSON.stringify(without))?.connections, undefined);
  assertEquals(decodeHandover(JSON.stringify({ ...handed, format: 0 })), undefined);
});
