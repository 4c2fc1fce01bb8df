/** The inbox on one thread: lengths, padding, full, wraps; for several threads see tests/concurrency. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Inbox } from "../../../runtime/ring/inbox.ts";
import { Random } from "../../support/random.ts";
import { inboxBlock, POSITIONS } from "./blocks.ts";
import { type RecordCopy, RecordList } from "./record_list.ts";

/** Drains everything, and returns the records. */
function drainAll(inbox: Inbox): RecordCopy[] {
  const list = new RecordList();
  inbox.drain(list, Infinity);
  return list.records;
}

/** Writes a payload of `length` bytes, each the type. */
function writeRun(inbox: Inbox, type: number, length: number): boolean {
  return inbox.write(type, new Uint8Array(length).fill(type), 0, length);
}

for (const [name, position] of POSITIONS) {
  Deno.test(`inbox: every possible length, from ${name}`, () => {
    const inbox = new Inbox(inboxBlock(1024, position));
    assertEquals(inbox.maxPayloadBytes, 120);
    for (let length = 0; length <= 120; length++) {
      const bytes = new Random(length).bytes(length + 5);
      assertEquals(inbox.write(length + 1, bytes, 3, 3 + length), true);
      const payload = [...bytes.subarray(3, 3 + length)];
      assertEquals(drainAll(inbox), [{ type: length + 1, payload }]);
      assertEquals(inbox.size(), 0);
    }
  });

  for (const capacity of [256, 1024, 8192]) {
    Deno.test(`inbox: is a queue in ${capacity} bytes, from ${name}`, () => {
      const random = new Random(capacity ^ position);
      const inbox = new Inbox(inboxBlock(capacity, position));
      const model: RecordCopy[] = [];
      let full = 0;
      for (let round = 0; round < 60; round++) {
        for (let i = random.below(40); i > 0; i--) {
          const bytes = random.bytes(random.below(inbox.maxPayloadBytes + 1));
          const type = 1 + random.below(0x7fff_ffff);
          const before = inbox.size();
          if (inbox.write(type, bytes, 0, bytes.length)) model.push({ type, payload: [...bytes] });
          else {
            full++;
            // "Full" is returned only if record and padding, an eighth each, might not fit.
            assert(before > capacity - capacity / 4, `${before} of ${capacity}`);
          }
        }
        const list = new RecordList();
        const limit = random.below(40);
        assertEquals(inbox.drain(list, limit), Math.min(limit, model.length));
        assertEquals(list.records, model.splice(0, limit));
      }
      assertEquals(drainAll(inbox), model);
      assertEquals(inbox.size(), 0);
      assert(full > 0);
    });
  }

  Deno.test(`inbox: filled to the last byte, then refused, from ${name}`, () => {
    const inbox = new Inbox(inboxBlock(256, position));
    for (let i = 1; i <= 8; i++) {
      // The record ends at the next multiple of 32, so that none wraps.
      assertEquals(writeRun(inbox, i, 24), i < 8 || position % 32 === 0);
    }
    const records = drainAll(inbox);
    assertEquals(records.length, position % 32 === 0 ? 8 : 7);
    assertEquals(inbox.size(), 0);
  });
}

Deno.test("inbox: a drain that finds only padding continues after it", () => {
  const inbox = new Inbox(inboxBlock(256));
  // 7 × 32 and 24 leave 8 bytes at the end, which are drained before anything follows them.
  for (let i = 0; i < 7; i++) writeRun(inbox, 1, 24);
  writeRun(inbox, 2, 16);
  assertEquals(drainAll(inbox).length, 8);
  assertEquals(writeRun(inbox, 3, 24), true);
  assertEquals(inbox.size(), 8 + 32);
  assertEquals(drainAll(inbox), [{ type: 3, payload: new Array(24).fill(3) }]);
});

Deno.test("inbox: a limit stops the drain, and the next one continues there", () => {
  const inbox = new Inbox(inboxBlock(1024));
  for (let i = 1; i <= 5; i++) writeRun(inbox, i, i);
  const list = new RecordList();
  assertEquals(inbox.drain(list, 0), 0);
  assertEquals(inbox.drain(list, 2), 2);
  assertEquals(inbox.drain(list, 2), 2);
  assertEquals(inbox.drain(list, 2), 1);
  assertEquals(list.records.map((record) => record.type), [1, 2, 3, 4, 5]);
});

Deno.test("inbox: a sink that throws loses only the record it threw at", () => {
  const inbox = new Inbox(inboxBlock(1024));
  for (let i = 1; i <= 3; i++) writeRun(inbox, i, 1);
  const sink = {
    record(type: number) {
      if (type === 2) throw new Error("no room for two");
    },
  };
  assertThrows(() => inbox.drain(sink, 9), Error, "no room for two");
  assertEquals(drainAll(inbox), [{ type: 3, payload: [3] }]);
  assertEquals(inbox.size(), 0);
});

Deno.test("inbox: a sink may write to the inbox that it drains", () => {
  const inbox = new Inbox(inboxBlock(1024));
  writeRun(inbox, 1, 1);
  const types: number[] = [];
  const sink = {
    record(type: number) {
      types.push(type);
      if (type < 30) assertEquals(writeRun(inbox, type + 1, type), true);
    },
  };
  assertEquals(inbox.drain(sink, 100), 30);
  assertEquals(types, Array.from({ length: 30 }, (_, i) => i + 1));
});

const MISTAKES: [string, [type: number, start: number, end: number]][] = [
  ["type 0", [0, 0, 1]],
  ["the type of padding", [-1, 0, 1]],
  ["a payload above the most", [1, 0, 121]],
  ["a start below 0", [1, -1, 3]],
  ["a start behind the end", [1, 3, 2]],
  ["an end behind the bytes", [1, 199, 201]],
];
for (const [name, [type, start, end]] of MISTAKES) {
  Deno.test(`inbox: ${name} throws, and claims nothing`, () => {
    const inbox = new Inbox(inboxBlock(1024));
    assertThrows(() => inbox.write(type, new Uint8Array(200), start, end), RangeError);
    assertEquals(inbox.size(), 0);
    assertEquals(writeRun(inbox, 1, 1), true);
    assertEquals(drainAll(inbox).length, 1);
  });
}
