/** What a long turn of the event loop is interrupted for, with events of a kernel that has a clock of its own. */

import { assertEquals } from "@std/assert";
import { EventLoop } from "../../../runtime/native/mod.ts";
import { type EpollEvents, EPOLLIN, EPOLLRDHUP, LinuxOs } from "../../../runtime/os/mod.ts";
import { putEvent } from "../../support/fake_os.ts";

const BATCH = 256;

/** A kernel in which descriptors stay ready until they are forgotten. */
class ReadyOs extends LinuxOs {
  now = 1_000;
  /** What is ready, by descriptor: the events, and the generation. */
  readonly ready = new Map<number, { readonly events: number; readonly generation: number }>();

  override epollControl(_: number, __: number, descriptor: number, events: number, own: number) {
    this.ready.set(descriptor, { events, generation: own });
    return 0;
  }

  override epollWait(_: number, events: EpollEvents): number {
    const some = [...this.ready].slice(0, BATCH);
    for (const [i, [descriptor, one]] of some.entries()) {
      putEvent(events, i, { descriptor, ...one });
    }
    return some.length;
  }

  override preciseMilliseconds(): number {
    return this.now;
  }
}

const os = new ReadyOs(); // here and not in a test, where Deno 2.4 would report libc as a leak

/** Registers sources, each of which takes so many milliseconds and is done. */
function register(
  loop: EventLoop,
  names: readonly string[],
  { events, takes }: { readonly events: number; readonly takes: number },
  calls: string[],
): void {
  for (const name of names) {
    const descriptor = 10 + os.ready.size;
    const onReady = () => {
      calls.push(name);
      os.now += takes;
      os.ready.delete(descriptor);
      loop.registry.forget(descriptor);
    };
    loop.registry.register(descriptor, { onReady }, events);
  }
}

const numbered = (name: string, count: number) => Array.from({ length: count }, () => name);

Deno.test("turn pace: connections that have ended come last, for a millisecond a turn", () => {
  const loop = new EventLoop(os);
  const calls: string[] = [];
  register(loop, numbered("end", 40), { events: EPOLLIN | EPOLLRDHUP, takes: 0.2 }, calls);
  register(loop, ["request"], { events: EPOLLIN, takes: 0 }, calls);
  loop.turn(true);
  assertEquals(calls[0], "request");
  const ends = [calls.length - 1];
  while (os.ready.size > 0) {
    const before = calls.length;
    loop.turn(true);
    ends.push(calls.length - before);
  }
  assertEquals(ends, [8, 8, 8, 8, 8]);
  loop.close();
});

Deno.test("turn pace: a long batch is interrupted to send what was gathered", () => {
  const loop = new EventLoop(os);
  const calls: string[] = [];
  loop.gather({ flush: () => calls.push("send") });
  register(loop, numbered("event", 32), { events: EPOLLIN, takes: 0.2 }, calls);
  loop.turn(true);
  const runs = calls.join("").split("send").map((run) => run.length / "event".length);
  // Before the wait nothing was gathered; then at most two looks at the clock lie between two sends.
  assertEquals(Math.max(...runs) <= 16, true, `${runs}`);
  assertEquals(runs.length >= 4, true, `${runs}`);
  calls.length = 0;
  register(loop, numbered("event", 32), { events: EPOLLIN, takes: 0.01 }, calls);
  loop.turn(true);
  assertEquals(calls.filter((call) => call === "send").length, 2); // before the wait, and at the end
  loop.close();
});
