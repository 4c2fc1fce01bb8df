/** The descriptor table on one thread. */
import { assertEquals } from "@std/assert";
import { DescriptorTable } from "../../../runtime/ring/descriptor_table.ts";

function table(capacity: number): DescriptorTable {
  return new DescriptorTable(new Int32Array(new SharedArrayBuffer(capacity * 4)));
}

Deno.test("descriptor table: claim, ask, release", () => {
  const owners = table(8);
  assertEquals(owners.capacity, 8);
  assertEquals([...owners.ownedBy(0)], []);
  assertEquals(owners.claim(5, 0), true);
  assertEquals([...owners.ownedBy(0)], [5]);
  owners.release(5);
  assertEquals([...owners.ownedBy(0)], []);
  assertEquals(owners.claim(5, 255), true);
  assertEquals([...owners.ownedBy(255)], [5]);
});

Deno.test("descriptor table: the last entry is one, the next is refused", () => {
  const owners = table(8);
  assertEquals(owners.claim(7, 1), true);
  for (const beyond of [8, 9, 1 << 30, -1]) {
    assertEquals(owners.claim(beyond, 1), false);
    owners.release(beyond);
  }
  assertEquals([...owners.ownedBy(1)], [7]);
});

Deno.test("descriptor table: lists what one worker owns, lowest first", () => {
  const owners = table(64);
  for (let fd = 0; fd < 64; fd++) owners.claim(fd, fd % 3);
  owners.release(4);
  assertEquals(
    [...owners.ownedBy(1)],
    [1, 7, 10, 13, 16, 19, 22, 25, 28, 31, 34, 37, 40, 43, 46]
      .concat([49, 52, 55, 58, 61]),
  );
  assertEquals([...owners.ownedBy(3)], []);
});

Deno.test("descriptor table: releasing while listing, as for a worker that died", () => {
  const owners = table(64);
  for (const fd of [3, 4, 5, 60]) owners.claim(fd, 2);
  owners.claim(6, 1);
  const closed: number[] = [];
  for (const fd of owners.ownedBy(2)) {
    owners.release(fd);
    closed.push(fd);
  }
  assertEquals(closed, [3, 4, 5, 60]);
  assertEquals([...owners.ownedBy(2)], []);
  assertEquals([...owners.ownedBy(1)], [6]);
});
