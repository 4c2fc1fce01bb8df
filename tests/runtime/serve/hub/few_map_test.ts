import { assertEquals } from "@std/assert";
import { FewMap } from "../../../../runtime/serve/hub/few_map.ts";

Deno.test("FewMap: as a Map, whatever is added and deleted", () => {
  const few = new FewMap<string, number>();
  const map = new Map<string, number>();
  let seed = 1;
  for (let i = 0; i < 2000; i++) {
    seed = (seed * 48271) % 0x7fffffff;
    const key = `key ${seed % 3}`;
    if (seed % 5 < 2) {
      assertEquals(few.delete(key), map.delete(key));
    } else {
      few.set(key, i);
      map.set(key, i);
    }
    assertEquals([few.size, few.has(key), few.get(key)], [map.size, map.has(key), map.get(key)]);
    assertEquals([...few.entries()], [...map]);
    assertEquals([...few.values()], [...map.values()]);
    // From empty again, so that both forms are met often.
    if (i % 7 === 0) { for (const [key] of few.entries()) map.delete(key), few.delete(key); }
  }
});
