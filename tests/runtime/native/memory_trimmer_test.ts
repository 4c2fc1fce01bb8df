import { assertEquals } from "@std/assert";
import { EventLoop } from "../../../runtime/native/mod.ts";
import { MemoryTrimmer } from "../../../runtime/native/memory_trimmer.ts";
import { FakeOs } from "../../support/fake_os.ts";

/** Turns the loop up to `until` milliseconds from its start; returns the times at which it trimmed. */
function trimsUntil(until: number, connectionsAt: readonly number[]): number[] {
  const os = new FakeOs();
  const loop = new EventLoop(os);
  const trimmer = new MemoryTrimmer(loop);
  const start = os.now;
  const trims: number[] = [];
  for (let at = 0; at <= until; at += 100) {
    os.now = start + at;
    loop.turn(false);
    if (connectionsAt.includes(at)) trimmer.noteConnection();
    while (trims.length < os.trims) trims.push(at);
  }
  loop.close();
  return trims;
}

Deno.test("memory trimmer: once, a second after the last connection of a burst", () => {
  const [at, ...more] = trimsUntil(20_000, [500, 600, 1400, 2200]);
  assertEquals([at! >= 3200 && at! <= 3400, more], [true, []]);
});

Deno.test("memory trimmer: never while connections keep coming, and not without any", () => {
  const steady = Array.from({ length: 100 }, (_, i) => i * 500);
  assertEquals(trimsUntil(49_000, steady), []);
  assertEquals(trimsUntil(20_000, []), []);
});

Deno.test("memory trimmer: again after the next burst", () => {
  assertEquals(trimsUntil(20_000, [0, 10_000]).length, 2);
});
