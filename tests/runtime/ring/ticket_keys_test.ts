import { assertEquals, assertThrows } from "@std/assert";
import { createTicketKeys, TICKET_KEY_BYTES, TicketKeys } from "../../../runtime/ring/mod.ts";

function keyOf(number: number): Uint8Array {
  return new Uint8Array(TICKET_KEY_BYTES).fill(number);
}

Deno.test("ticket keys: another thread reads the newest first, and the three before it", () => {
  const memory = createTicketKeys();
  const writer = new TicketKeys(memory);
  const reader = new TicketKeys(memory);
  assertEquals(reader.size, 0);
  const key = new Uint8Array(TICKET_KEY_BYTES);
  for (let number = 1; number <= 10; number++) {
    writer.add(keyOf(number));
    assertEquals(reader.size, Math.min(number, 4));
    for (let age = 0; age < reader.size; age++) {
      reader.read(age, key);
      assertEquals(key, keyOf(number - age));
    }
  }
  assertThrows(() => writer.add(new Uint8Array(48)), RangeError, "not a ticket key");
});
