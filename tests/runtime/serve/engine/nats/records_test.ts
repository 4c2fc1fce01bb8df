/** Records and messages as bytes. */

import { assertEquals } from "@std/assert";
import {
  type ChannelRecord,
  decodeRecord,
  emptyRecord,
  encodePresence,
  encodeRecord,
  messageOf,
} from "../../../../../runtime/serve/engine/nats/records.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const FULL: ChannelRecord = {
  ...{ kind: "p", epoch: "e-1", offset: 7, tag: "t7", previousTag: "t6", life: "L", first: 3 },
  ...{ count: 9, extra: 2, historySize: 10, historyTtlMs: 60_000, form: 2, version: "5" },
  ...{ key: "6b", versionEpoch: bytes("v\n"), fields: bytes("a b"), data: bytes("\ndata") },
};

Deno.test("nats records: both ways, and every shorter text is none", () => {
  for (const record of [FULL, emptyRecord("e-1", "L")]) {
    const encoded = encodeRecord(record);
    assertEquals(decodeRecord(encoded), record);
  }
  const head = encodeRecord({ ...FULL, data: new Uint8Array(0) });
  for (let end = 0; end < head.length; end++) {
    assertEquals(decodeRecord(head.subarray(0, end)), undefined, `${end}`);
  }
  for (
    const text of ["hello\n", "z e 1 t t l 1 1 0 1 1 0  0 0\n", "p e 1 t t l 1 1 0 1 1 9  0 0\n"]
  ) {
    assertEquals(decodeRecord(bytes(text)), undefined, text);
  }
});

Deno.test("nats records: what of each is delivered", () => {
  const { epoch, form, fields, data, historySize, historyTtlMs } = FULL;
  const publication = { kind: "publication", epoch, form, fields, data, historySize, historyTtlMs };
  const messages = ["p", "l", "s", "e", "x"].map((kind) =>
    messageOf(encodeRecord({ ...FULL, kind: kind as ChannelRecord["kind"] }))
  );
  assertEquals(messages as unknown[], [
    { ...publication, offset: 7, tag: "t7", previousTag: "t6" },
    { ...publication, offset: 0, tag: "", previousTag: "" },
    undefined,
    { kind: "epoch", epoch: "e-1" },
    { kind: "removed" },
  ]);
  for (const kind of ["join", "leave"] as const) {
    assertEquals(messageOf(encodePresence(kind, bytes("{}"))), { kind, data: bytes("{}") });
  }
  assertEquals(messageOf(bytes("z\n")), undefined);
  assertEquals(messageOf(bytes("")), undefined);
});
