import { assert, assertEquals } from "@std/assert";
import { NEVER, type Timer, TimerNode, TimerWheel } from "../../../runtime/net/mod.ts";
import { Random } from "../../support/random.ts";

const TICK = 128; // the wheel's tick, by which a timer may be late
const TURN = TICK * 1024;

class Recorder {
  fired: number[] = [];
  onDeadline(now: number) {
    this.fired.push(now);
  }
}

Deno.test("a timer fires once, at most a tick late and never early", () => {
  const wheel = new TimerWheel(0);
  const owner = new Recorder();
  wheel.timer(owner).set(1000);
  for (let now = 0; now <= 3000; now += 10) wheel.expire(now);
  assertEquals(owner.fired.length, 1);
  const [at] = owner.fired;
  assert(at! >= 1000 && at! <= 1000 + TICK, `fired at ${at}`);
  assertEquals(wheel.size, 0);
});

Deno.test("a deadline moved to later fires at the later time only", () => {
  const wheel = new TimerWheel(0);
  const owner = new Recorder();
  const timer = wheel.timer(owner);
  for (let now = 0; now < 5000; now += 50) {
    timer.set(now + 1000);
    wheel.expire(now);
  }
  assertEquals(owner.fired, []);
  for (let now = 5000; now < 8000; now += 10) wheel.expire(now);
  assertEquals(owner.fired.length, 1);
  assert(owner.fired[0]! >= 5950);
});

Deno.test("a deadline moved to earlier fires at the earlier time", () => {
  const wheel = new TimerWheel(0);
  const owner = new Recorder();
  const timer = wheel.timer(owner);
  timer.set(60_000);
  timer.set(500);
  wheel.expire(700);
  assertEquals(owner.fired, [700]);
});

Deno.test("a timer set to NEVER or cancelled does not fire", () => {
  const wheel = new TimerWheel(0);
  const owner = new Recorder();
  const never = wheel.timer(owner);
  never.set(500);
  never.set(NEVER);
  const cancelled = wheel.timer(owner);
  cancelled.set(500);
  cancelled.cancel();
  for (let now = 0; now < 2 * TURN; now += 1000) wheel.expire(now);
  assertEquals(owner.fired, []);
  assertEquals(wheel.size, 0);
});

Deno.test("deadlines further away than one rotation of the wheel keep their time", () => {
  const wheel = new TimerWheel(0);
  const owner = new Recorder();
  wheel.timer(owner).set(3 * TURN + 500);
  for (let now = 0; now < 3 * TURN + 500; now += 100) wheel.expire(now);
  assertEquals(owner.fired, []);
  wheel.expire(3 * TURN + 500 + TICK);
  assertEquals(owner.fired.length, 1);
});

Deno.test("a jump over many rotations fires each timer once", () => {
  const wheel = new TimerWheel(0);
  const owner = new Recorder();
  for (let i = 1; i <= 50; i++) wheel.timer(owner).set(i * 5000);
  wheel.expire(100 * TURN);
  assertEquals(owner.fired.length, 50);
});

Deno.test("owners may cancel and set timers of the very slot that is being emptied", () => {
  const wheel = new TimerWheel(0);
  const timers: Timer[] = [];
  let fired = 0;
  for (let i = 0; i < 5; i++) {
    timers.push(wheel.timer({
      onDeadline: (now) => {
        fired++;
        // The first to fire cancels three others and sets one of them again, to a later time.
        if (fired > 1) return;
        for (const other of timers.slice(1, 4)) other.cancel();
        timers[1]!.set(now + 1000);
      },
    }));
    timers[i]!.set(1000);
  }
  wheel.expire(1200);
  const soon = fired;
  wheel.expire(2500);
  assertEquals([soon < fired, wheel.size], [true, 0]);
});

Deno.test("the time-out ends at the next deadline and not after it", () => {
  const wheel = new TimerWheel(0);
  assertEquals(wheel.timeout(0), -1);
  wheel.timer(new Recorder()).set(1000);
  const timeout = wheel.timeout(0);
  assert(timeout >= 1000 && timeout <= 1000 + TICK, `${timeout}`);
  assertEquals(wheel.timeout(100_000), 0);
});

Deno.test("thousands of random timers each fire once, within a tick of their deadline", () => {
  const random = new Random(7);
  const wheel = new TimerWheel(0);
  const fired = new Map<number, number>();
  const deadlines: number[] = [];
  for (let i = 0; i < 5000; i++) {
    const deadline = random.below(4 * TURN);
    deadlines.push(deadline);
    wheel.timer({ onDeadline: (now) => void fired.set(i, fired.get(i) ?? now) }).set(deadline);
  }
  let now = 0;
  // Sleeps as long as the wheel says: no deadline may be missed.
  for (let steps = 0; steps < 20_000 && wheel.size > 0; steps++) {
    now += Math.max(wheel.timeout(now), 1);
    wheel.expire(now);
  }
  assertEquals(fired.size, 5000);
  for (const [i, at] of fired) {
    const late = at - deadlines[i]!;
    assert(late >= 0 && late <= TICK, `timer ${i} due at ${deadlines[i]} fired at ${at}`);
  }
});

Deno.test("a TimerNode is called itself, and its deadline is known to a tick", () => {
  const fired: number[] = [];
  class Node extends TimerNode {
    override onDeadline(now: number): void {
      fired.push(now);
    }
  }
  const wheel = new TimerWheel(0);
  const node = new Node();
  assertEquals(wheel.deadlineOf(node), NEVER);
  wheel.set(node, 1000);
  const known = wheel.deadlineOf(node);
  assert(known >= 1000 && known < 1000 + TICK, `${known}`);
  wheel.expire(known - 1);
  assertEquals(fired, []);
  wheel.expire(known);
  assertEquals([fired, wheel.deadlineOf(node), wheel.size], [[known], NEVER, 0]);
});
