/** A busy event loop offers its core after so many events. */

import { assertEquals } from "@std/assert";
import { EventLoop } from "../../../runtime/native/mod.ts";
import { EPOLLIN, LinuxOs } from "../../../runtime/os/mod.ts";

/** Counts how often the thread offers its core. */
class SharedCoreOs extends LinuxOs {
  yields = 0;

  override yield(): void {
    this.yields++;
  }
}

const os = new SharedCoreOs(); // here and not in a test, where Deno 2.4 would report libc as a leak

Deno.test("giving way: a busy worker offers its core after 64 events, before it asks for more", () => {
  const loop = new EventLoop(os);
  const doorbell = os.eventfd();
  const yields: number[] = [];
  os.yields = 0;
  loop.registry.register(doorbell, { onReady: () => yields.push(os.yields) }, EPOLLIN);
  os.ringDoorbell(doorbell); // an event in each turn
  for (let turns = 0; turns < 129; turns++) loop.turn(turns % 2 === 0);
  assertEquals(yields, [...Array(64).fill(0), ...Array(64).fill(1), 2]);
  os.close(doorbell);
  loop.close();
});

Deno.test("giving way: a worker without events does not offer its core", () => {
  const loop = new EventLoop(os);
  os.yields = 0;
  for (let turns = 0; turns < 100; turns++) loop.turn(false);
  assertEquals(os.yields, 0);
  loop.close();
});
