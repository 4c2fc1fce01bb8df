import { assertEquals } from "@std/assert";
import { FewSet } from "../../../../runtime/serve/hub/few_set.ts";
import { Random } from "../../../support/random.ts";

Deno.test("FewSet: as a Set, whatever is added and deleted", () => {
  const random = new Random(7);
  const entries = ["a", "b", "c"].map((name) => ({ name }));
  const few = new FewSet<{ name: string }>();
  const set = new Set<{ name: string }>();
  for (let i = 0; i < 1000; i++) {
    const entry = entries[random.below(entries.length)]!;
    if (random.below(2) === 0) {
      few.add(entry);
      set.add(entry);
    } else {
      assertEquals(few.delete(entry), set.delete(entry));
    }
    assertEquals(few.size, set.size);
    assertEquals([...few.values()], [...set]);
  }
});

Deno.test("FewSet: an entry may be deleted while the entries are iterated over", () => {
  const entries = [{}, {}, {}];
  const few = new FewSet<object>();
  for (const entry of entries) few.add(entry);
  const seen: object[] = [];
  for (const entry of few.values()) {
    seen.push(entry);
    few.delete(entries[1]!);
  }
  assertEquals(seen, [entries[0], entries[2]]);
});
