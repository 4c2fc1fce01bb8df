/** The blocks follow each other, aligned, and data that must not share a cache line does not. */
import { assert, assertEquals } from "@std/assert";
import {
  ADDRESS_ENTRY_BYTES,
  COUNTER_BLOCK_BYTES,
  COUNTER_COLUMNS,
  DELIVERY_BUCKETS,
  type Dimensions,
  FLAGS_BYTES,
  HEADER,
  HEADER_BYTES,
  INBOX_HEADER_BYTES,
  layoutOf,
  NAMED_COLUMNS,
  ORIGIN_BYTES,
  PAIR_BYTES,
  TASK_RING_HEADER_BYTES,
  TASK_SLOT_BYTES,
} from "../../../runtime/ring/layout.ts";
import {
  API_ERROR_COLUMNS,
  CHANNEL_COLUMN,
  CLIENT_ERROR_COLUMNS,
  DISCONNECT_COLUMNS,
} from "../../../runtime/ring/channel_columns.ts";
import { LATENCY_BUCKETS } from "../../../runtime/ring/latency.ts";
import { COLUMN } from "../../../runtime/ring/counters.ts";
import { TASK_WORDS } from "../../../runtime/ring/task_ring.ts";

const DIMENSIONS: Dimensions[] = [
  { workers: 1, taskSlots: 2, inboxBytes: 256, descriptors: 1, addresses: 0 },
  { workers: 3, taskSlots: 8, inboxBytes: 512, descriptors: 33, addresses: 2 },
  { workers: 8, taskSlots: 1024, inboxBytes: 256 * 1024, descriptors: 65536, addresses: 0 },
  { workers: 256, taskSlots: 4096, inboxBytes: 4096, descriptors: 100_001, addresses: 32_768 },
];

for (const dimensions of DIMENSIONS) {
  const { workers, taskSlots, inboxBytes, descriptors, addresses } = dimensions;
  const layout = layoutOf(dimensions);

  Deno.test(`layout: no block overlaps the next, ${workers} workers`, () => {
    const ends: [number, number, string][] = [
      [layout.header, HEADER_BYTES, "header"],
      [layout.taskRing, TASK_RING_HEADER_BYTES + taskSlots * TASK_SLOT_BYTES, "task ring"],
      [layout.flags, FLAGS_BYTES, "flags"],
      [layout.counters, COUNTER_BLOCK_BYTES * (workers + 2), "counters"],
      [layout.descriptors, descriptors * 4, "descriptors"],
    ];
    for (let i = 0; i < workers; i++) {
      const offset = layout.inboxes + i * layout.inboxStride;
      ends.push([offset, INBOX_HEADER_BYTES + inboxBytes, `inbox ${i}`]);
    }
    ends.push([layout.addresses, addresses * ADDRESS_ENTRY_BYTES, "addresses"]);
    ends.push([layout.places, addresses > 0 ? descriptors * 4 : 0, "places"]);
    ends.push([layout.totalBytes, 0, "end"]);
    for (let i = 1; i < ends.length; i++) {
      const [begin, bytes, name] = ends[i - 1]!;
      assert(begin + bytes <= ends[i]![0], `${name} overlaps ${ends[i]![2]}`);
    }
  });

  Deno.test(`layout: every block begins on a pair of lines, ${workers} workers`, () => {
    const { header, taskRing, flags, counters, inboxes, inboxStride, addresses, places } = layout;
    const shared = [header, taskRing, flags, counters, layout.descriptors, inboxes];
    for (const offset of [...shared, addresses, places]) {
      assertEquals((offset - ORIGIN_BYTES) % PAIR_BYTES, 0);
    }
    assertEquals(inboxStride % PAIR_BYTES, 0);
    assertEquals(COUNTER_BLOCK_BYTES % PAIR_BYTES, 0);
  });
}

Deno.test("layout: the contents of each record fit", () => {
  assert((1 + TASK_WORDS) * 4 <= TASK_SLOT_BYTES);
  assert(Math.max(...Object.values(HEADER)) * 4 < HEADER_BYTES);
  assert(Math.max(...Object.values(COLUMN)) < COUNTER_COLUMNS);
});

Deno.test("layout: the columns about channels have numbers of their own, in their part of the block", () => {
  const tables = [CHANNEL_COLUMN, CLIENT_ERROR_COLUMNS, API_ERROR_COLUMNS, DISCONNECT_COLUMNS];
  const columns = tables.flatMap((table) => Object.values<number>(table));
  assertEquals(new Set(columns).size, columns.length);
  assert(Math.min(...columns) >= NAMED_COLUMNS + LATENCY_BUCKETS);
  assert(Math.max(...columns) < DELIVERY_BUCKETS);
});
