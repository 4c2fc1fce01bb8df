import { assert, assertEquals } from "@std/assert";
import { ConnectionList } from "../../../../runtime/serve/worker/connection_list.ts";
import { Random } from "../../../support/random.ts";

Deno.test("connection list: it holds what a set would hold, whatever comes and goes", () => {
  const random = new Random(7);
  const list = new ConnectionList<{ place: number }>();
  const expected = new Set<{ place: number }>();
  for (let i = 0; i < 5_000; i++) {
    const open = [...expected];
    const one = open[random.below(open.length + 1)];
    if (one === undefined || random.below(3) > 0) {
      const added = { place: 0 };
      list.add(added);
      expected.add(added);
    } else {
      list.delete(one);
      expected.delete(one);
      list.delete(one); // a second time changes nothing
    }
    assertEquals(list.size, expected.size);
    if (i % 50 > 0) continue;
    // The same objects: assertEquals would compare each with each.
    assert(new Set(list).symmetricDifference(expected).size === 0);
    assertEquals([...list].length, expected.size);
  }
});

Deno.test("connection list: a connection that was never added is not taken for another one", () => {
  const list = new ConnectionList<{ place: number }>();
  const [added, other] = [{ place: 0 }, { place: 0 }];
  list.add(added);
  list.delete(other);
  assertEquals([...list], [added]);
});
