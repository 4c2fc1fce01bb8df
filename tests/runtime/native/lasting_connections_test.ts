import { assertEquals } from "@std/assert";
import { LastingConnections } from "../../../runtime/native/lasting_connections.ts";
import { Random } from "../../support/random.ts";

Deno.test("lasting connections: they count after some milliseconds, until they end", () => {
  const lasting = new LastingConnections();
  const [one, two] = [{ span: 0 }, { span: 0 }];
  lasting.add(one, 1000);
  lasting.add(two, 1007);
  assertEquals([lasting.count(1007), lasting.count(1016), lasting.count(1100)], [0, 2, 2]);
  lasting.delete(one);
  assertEquals(lasting.count(1100), 1);
});

Deno.test("lasting connections: whatever begins and ends, the count is right", () => {
  const random = new Random(1);
  const lasting = new LastingConnections();
  const open: { span: number; since: number }[] = [];
  let now = 0;
  for (let i = 0; i < 10_000; i++) {
    now += random.below(6);
    if (random.below(2) === 0) {
      const connection = { span: 0, since: now };
      lasting.add(connection, now);
      open.push(connection);
    } else if (open.length > 0) {
      lasting.delete(open.splice(random.below(open.length), 1)[0]!);
    }
    const of = (age: number) => open.filter(({ since }) => now - since >= age).length;
    const count = lasting.count(now);
    assertEquals([count >= of(16), count <= of(8)], [true, true], `${count} at ${now}`);
  }
});
