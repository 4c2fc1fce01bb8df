/** How a worker with an app waits, on the real kernel. */

import { assertEquals } from "@std/assert";
import { LoopbackBell } from "../../../runtime/native/deno_bell.ts";
import { DenoWait } from "../../../runtime/native/deno_wait.ts";
import { IoRegistry } from "../../../runtime/native/io_registry.ts";
import { EPOLLET, EPOLLIN, LinuxOs, openWakeRing, type WakeRing } from "../../../runtime/os/mod.ts";
import { waitFor, within } from "../../support/wait_for.ts";

const os = new LinuxOs(); // here and not in a test, where Deno 2.4 would report libc as a leak
const probe = openWakeRing();
const NO_RING = typeof probe === "string" ? ` (skipped: io_uring: ${probe})` : "";
if (typeof probe !== "string") probe.close();

/** A wait with a doorbell in its epoll instance. */
class Waiting implements AsyncDisposable {
  readonly held = new Set<number>();
  readonly owner = {
    claim: (descriptor: number) => !!this.held.add(descriptor),
    release: (descriptor: number) => void this.held.delete(descriptor),
  };
  readonly registry = new IoRegistry(os);
  readonly bell = new LoopbackBell(os, this.owner);
  readonly doorbell = os.eventfd();
  readonly wait: DenoWait;

  constructor(ring: WakeRing | null, readonly os: Pick<LinuxOs, "epollWaitAsync">) {
    this.registry.register(this.doorbell, { onReady() {} }, EPOLLIN | EPOLLET);
    this.wait = new DenoWait({ ...this, ring });
  }

  static async open(
    ring: WakeRing | null,
    calls: Pick<LinuxOs, "epollWaitAsync"> = os,
  ): Promise<Waiting> {
    const waiting = new Waiting(ring, calls);
    await waitFor(() => waiting.bell.ring(), { what: "a bell that is heard" });
    waiting.wait.findDeno();
    return waiting;
  }

  /** Takes the events. */
  clear(): number {
    return this.registry.wait(0);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.wait.close();
    this.bell.close();
    this.registry.close();
    os.close(this.doorbell);
    assertEquals(this.held.size, 0);
    return Promise.resolve();
  }
}

function ring(): WakeRing {
  const opened = openWakeRing();
  if (typeof opened === "string") throw new Error(opened);
  return opened;
}

const LONG = 20_000;

Deno.test({
  name:
    `deno wait: a sleep ends with an event, with one that is there already, and in time${NO_RING}`,
  ignore: NO_RING !== "",
  fn: async () => {
    await using waiting = await Waiting.open(ring());
    const { wait, doorbell } = waiting;
    for (let i = 0; i < 200; i++) {
      const asleep = within(wait.sleep(LONG), { what: "the end of a sleep" });
      const timer = setTimeout(() => os.ringDoorbell(doorbell), i % 3);
      await asleep;
      assertEquals([wait.isRung, waiting.clear()], [true, 1]);
      clearTimeout(timer);
    }
    os.ringDoorbell(doorbell);
    await within(wait.sleep(LONG), { what: "the end" });
    assertEquals(waiting.clear(), 1);
    await within(wait.sleep(20), { what: "the end in time" });
    assertEquals([wait.isRung, waiting.clear()], [true, 1]); // the timer's event
  },
});

Deno.test({
  name: `deno wait: Deno's timers, files and sockets go on during a sleep${NO_RING}`,
  ignore: NO_RING !== "",
  fn: async () => {
    await using waiting = await Waiting.open(ring());
    const asleep = waiting.wait.sleep(LONG);
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 1));
    await Deno.stat(new URL(import.meta.url));
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const accepted = listener.accept();
    (await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port })).close();
    (await within(accepted, { what: "a connection" })).close();
    os.ringDoorbell(waiting.doorbell);
    await within(asleep, { what: "the end of the sleep" });
  },
});

Deno.test({
  name:
    `deno wait: a thread that did not run for long has not been forgotten by the kernel${NO_RING}`,
  ignore: NO_RING !== "",
  fn: async () => {
    const kernel = ring();
    await using waiting = await Waiting.open(kernel);
    const { wait, doorbell } = waiting;
    for (let i = 0; i < 20; i++) {
      const asleep = within(wait.sleep(LONG), { what: "the end of a sleep" });
      wait.look();
      os.ringDoorbell(doorbell);
      // The thread does not run Deno's loop meanwhile.
      for (const end = performance.now() + 5_000; !kernel.hasRung() && performance.now() < end;) {
        os.yield();
      }
      wait.look(); // a second later
      await asleep;
      assertEquals([wait.isRung, waiting.clear()], [true, 1]);
    }
  },
});

Deno.test("deno wait: a sleep that the kernel forgets is ended, and the pool takes its place", async () => {
  let closed = 0;
  const forgetful = {
    descriptor: 1_000_000,
    arm: () => true,
    hasRung: () => false,
    close: () => void closed++,
  };
  await using waiting = await Waiting.open(forgetful);
  await within(waiting.wait.sleep(10), { what: "the guard" });
  assertEquals([closed, waiting.wait.isRung], [1, false]);
  await expectWoken(waiting);
});

Deno.test("deno wait: if the ring refuses, the pool takes its place", async () => {
  const refusing = { descriptor: 1_000_000, arm: () => false, hasRung: () => false, close() {} };
  await using waiting = await Waiting.open(refusing);
  await within(waiting.wait.sleep(10), { what: "a sleep" });
  assertEquals(waiting.wait.isRung, false);
  await expectWoken(waiting);
});

Deno.test("deno wait: without a ring a sleep ends with an event", async () => {
  await using waiting = await Waiting.open(null);
  assertEquals(waiting.wait.isRung, false);
  await expectWoken(waiting);
});

Deno.test("deno wait: a wait of the worker's own loop ends if Deno has something to do, while that is watched", async () => {
  await using waiting = await Waiting.open(null);
  const { wait, bell, doorbell, registry } = waiting;
  const take = (longest: number): [events: number, isDenoReady: boolean] => {
    const events = registry.wait(longest);
    registry.dispatch(events);
    return [events, wait.isDenoReady];
  };
  bell.end(); // a byte for a socket of Deno's
  assertEquals(take(1), [0, false]);
  wait.watchDeno(true);
  assertEquals(take(LONG), [1, true]);
  os.ringDoorbell(doorbell);
  assertEquals(take(LONG), [2, true]);
  // V8's own threads wake Deno's loop, too, so that it may have something to do again at once.
  await waitFor(async () => {
    assertEquals(await bell.ring(), true);
    wait.noteDenoTurn();
    return take(1)[0] === 0;
  }, { what: "a moment at which Deno has nothing to do" });
  assertEquals(wait.isDenoReady, false);
  bell.end();
  wait.watchDeno(false);
  assertEquals(take(1), [0, false]);
});

Deno.test("deno wait: while no thread of the pool is free, a sleep is short, and events are noticed", async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  let calls = 0;
  const full = { epollWaitAsync: () => (calls++, promise) };
  await using waiting = await Waiting.open(null, full);
  const { wait, doorbell } = waiting;
  await within(wait.sleep(10), { what: "the end of the first" });
  for (let i = 0; i < 5; i++) await within(wait.sleep(LONG), { what: "a short sleep" });
  os.ringDoorbell(doorbell);
  await within(wait.sleep(LONG), { what: "a short sleep" });
  assertEquals([calls, wait.isWaiting, waiting.clear()], [1, true, 1]);
  resolve(0);
  await within(wait.sleep(LONG), { what: "the end" });
  assertEquals(wait.isWaiting, false);
});

/** A sleep ends with an event. */
async function expectWoken({ wait, doorbell }: Waiting): Promise<void> {
  const asleep = within(wait.sleep(LONG), { what: "the end of a sleep" });
  os.ringDoorbell(doorbell);
  await asleep;
}
