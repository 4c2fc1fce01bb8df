/** The lines of the event log: the words of async_nostd after time and worker, and escaped. */

import { assert, assertEquals } from "@std/assert";
import { escapeText, EventLog, LineStamp, LogLabel } from "../../../../runtime/observe/log/mod.ts";
import { Random } from "../../../support/random.ts";
import { createLogMemory, LogBuffer, LogReader } from "../../../../runtime/ring/mod.ts";

/** A thread's time, which the test sets. */
class Time {
  now = 5_000;
  /** The wall clock's time minus the loop's. */
  ahead = Date.parse("2026-11-27T22:51:30.004Z") - 5_000;
  looks = 0;

  clock(writer: string | null): LineStamp {
    const epochMilliseconds = () => (this.looks++, this.now + this.ahead);
    return new LineStamp({ now: () => this.now, epochMilliseconds, writer });
  }
}

function logged(
  write: (log: EventLog) => void,
  clock = new Time().clock(null),
): string {
  const memory = createLogMemory(1);
  const reader = new LogReader(memory, 0);
  const dropped = () => {
    throw new Error("a line was dropped");
  };
  const log = new EventLog(new LogBuffer(memory, 0, dropped), clock);
  write(log);
  log.close();
  let text = "";
  for (let lines = reader.take(); lines !== null; lines = reader.take()) {
    text += new TextDecoder().decode(lines.slice());
    reader.consume(lines.length);
  }
  return text;
}

Deno.test("the lines have the words of async_nostd", () => {
  const text = logged((log) => {
    log.accepted(5);
    log.request(5, new LogLabel("/ (index)"), true);
    log.requestReceived(12, new LogLabel("/echo (echo)"));
    log.requestDone(12, false);
    log.handshakeComplete(7);
    log.messageReceived(7, 18);
    log.removed(7);
  });
  assertEquals(text.split("\n"), [
    "[ACCEPT] fd=5",
    "[HTTP] fd=5 recv request",
    "[HTTP] fd=5 route=/ (index)",
    "[HTTP] fd=5 done, keep-alive",
    "[HTTP] fd=12 recv request",
    "[HTTP] fd=12 route=/echo (echo)",
    "[HTTP] fd=12 done, closing",
    "[WS] fd=7 handshake complete",
    "[WS] fd=7 recv 18 bytes",
    "[epoll] removing closed fd=7",
    "",
  ]);
});

Deno.test("a request's prepared lines equal those written one by one, for every number of digits", () => {
  const label = new LogLabel("/x (y)");
  for (const descriptor of [0, 9, 10, 99, 100, 1000, 65_535, 1_000_000]) {
    for (const keepAlive of [true, false]) {
      const atOnce = logged((log) => log.request(descriptor, label, keepAlive));
      const singly = logged((log) => {
        log.requestReceived(descriptor, label);
        log.requestDone(descriptor, keepAlive);
      });
      assertEquals(atOnce, singly);
    }
  }
});

Deno.test("prepared lines show each change of time, descriptor, count, route and outcome", () => {
  const time = new Time();
  const labels = [new LogLabel("/a"), new LogLabel("/b")];
  const random = new Random(1);
  let wanted = "";
  const text = logged((log) => {
    for (let i = 0; i < 2_000; i++) {
      const [fd, count] = [random.below(3) * 7 + 5, random.below(3) * 60];
      const label = labels[random.below(2)]!;
      const at = `${new Date(time.now + time.ahead).toISOString()} w1 `;
      if (random.below(2) === 0) {
        log.messageReceived(fd, count);
        wanted += `${at}[WS] fd=${fd} recv ${count} bytes\n`;
      } else {
        const keepAlive = random.below(2) === 0;
        log.request(fd, label, keepAlive);
        const end = keepAlive ? "done, keep-alive" : "done, closing";
        for (const rest of ["recv request", `route=${label.text}`, end]) {
          wanted += `${at}[HTTP] fd=${fd} ${rest}\n`;
        }
      }
      if (random.below(5) === 0) time.now += random.below(1_500);
    }
  }, time.clock("w1"));
  assertEquals(text, wanted);
});

Deno.test("more lines than the buffer holds are all written, whole and in order", () => {
  const text = logged((log) => {
    for (let i = 0; i < 20_000; i++) log.messageReceived(i, i * 3);
  });
  const lines = text.trimEnd().split("\n");
  assertEquals(lines.length, 20_000);
  lines.forEach((line, i) => assertEquals(line, `[WS] fd=${i} recv ${i * 3} bytes`));
});

Deno.test("text from clients cannot form lines or control sequences", () => {
  const text = logged((log) => log.note("HTTP", 'a\r\n[ACCEPT] fd=9\x1b[2J\\"\x7f\xff'));
  assertEquals(text, "[HTTP] a\\x0d\\x0a[ACCEPT] fd=9\\x1b[2J\\x5c\\x22\\x7f\\xff\n");
  assertEquals(escapeText("x".repeat(1000)).length, 256 + 3);
});

Deno.test("a disabled log writes nothing", () => {
  const log = new EventLog(null, new Time().clock("w0"));
  log.accepted(5);
  log.request(5, new LogLabel("/"), true);
  log.note("HTTP", "x");
  assert(!log.pending);
});

Deno.test("each line begins with time and worker, followed by the words of async_nostd", () => {
  const time = new Time();
  const label = new LogLabel("/ (index)");
  const text = logged((log) => {
    log.accepted(5);
    log.request(5, label, true);
    log.messageReceived(7, 18);
    time.now += 5; // the next turn
    log.request(12, label, false);
    log.messageReceived(7, 18);
    time.now += 994; // another second
    log.request(5, label, true);
    log.note("HTTP", "a note");
  }, time.clock("w3"));
  const at = (milliseconds: string) => `2026-11-27T22:51:${milliseconds}Z w3 `;
  assertEquals(text.split("\n"), [
    `${at("30.004")}[ACCEPT] fd=5`,
    `${at("30.004")}[HTTP] fd=5 recv request`,
    `${at("30.004")}[HTTP] fd=5 route=/ (index)`,
    `${at("30.004")}[HTTP] fd=5 done, keep-alive`,
    `${at("30.004")}[WS] fd=7 recv 18 bytes`,
    `${at("30.009")}[HTTP] fd=12 recv request`,
    `${at("30.009")}[HTTP] fd=12 route=/ (index)`,
    `${at("30.009")}[HTTP] fd=12 done, closing`,
    `${at("30.009")}[WS] fd=7 recv 18 bytes`,
    `${at("31.003")}[HTTP] fd=5 recv request`,
    `${at("31.003")}[HTTP] fd=5 route=/ (index)`,
    `${at("31.003")}[HTTP] fd=5 done, keep-alive`,
    `${at("31.003")}[HTTP] a note`,
    "",
  ]);
});

Deno.test("the wall clock is read once a second, for any number of lines and turns", () => {
  const time = new Time();
  const label = new LogLabel("/");
  logged((log) => {
    for (let turn = 0; turn < 999; turn++, time.now++) {
      for (let i = 0; i < 3; i++) log.request(5, label, true);
    }
  }, time.clock("w0"));
  assertEquals(time.looks, 1);
});

Deno.test("a change of the wall clock takes effect within a second", () => {
  const time = new Time();
  const text = logged((log) => {
    log.accepted(5);
    time.ahead -= 3_600_000;
    time.now += 1000;
    log.accepted(6);
  }, time.clock("w0"));
  assertEquals(text.split("\n").map((line) => line.slice(0, 23)), [
    "2026-11-27T22:51:30.004",
    "2026-11-27T21:51:31.004",
    "",
  ]);
});

Deno.test("one label serves logs of both formats", () => {
  const label = new LogLabel("/");
  const timed = () => logged((log) => log.request(5, label, true), new Time().clock("w0"));
  const seed = () => logged((log) => log.request(5, label, true));
  const [first, plain, second] = [timed(), seed(), timed()];
  assertEquals(first, second);
  assertEquals(first.replaceAll("2026-11-27T22:51:30.004Z w0 ", ""), plain);
});
