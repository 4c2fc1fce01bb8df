/**
 * The memory between a thread and the log's writer: lines come out whole, once and in order; each line that
 * does not fit is counted; no thread waits.
 */

import { assert, assertEquals } from "@std/assert";
import { createLogMemory, LogBuffer, LogReader } from "../../../runtime/ring/mod.ts";
import { MAX_LINE_BYTES } from "../../../runtime/ring/log_buffer.ts";
import { Random } from "../../support/random.ts";

/** One thread's buffer with its reader, and the count of dropped lines. */
class Pair {
  readonly memory: SharedArrayBuffer = createLogMemory(2);
  readonly buffer: LogBuffer = this.open();
  readonly reader = new LogReader(this.memory, 1);
  dropped = 0;

  open(): LogBuffer {
    return new LogBuffer(this.memory, 1, (lines) => this.dropped += lines);
  }

  /** Takes everything that is available. */
  read(): string {
    let text = "";
    for (let lines = this.reader.take(); lines !== null; lines = this.reader.take()) {
      // In two pieces, as a file that accepts only part of a write.
      const part = lines.slice(0, Math.ceil(lines.length / 2));
      text += new TextDecoder().decode(part);
      this.reader.consume(part.length);
    }
    return text;
  }
}

/** The bytes of halves that were not read. */
function text(halves: readonly Uint8Array[]): string {
  return halves.map((half) => new TextDecoder().decode(half.slice())).join("");
}

function put(buffer: LogBuffer, line: string): boolean {
  if (!buffer.begin()) return false;
  buffer.text(line);
  buffer.text("\n");
  return true;
}

Deno.test("log buffer: nothing is available before the hand-over, and each line once after it", () => {
  const pair = new Pair();
  const { buffer } = pair;
  put(buffer, "one");
  assertEquals([pair.read(), buffer.pending], ["", true]);
  buffer.flush();
  assertEquals([buffer.pending, text(pair.reader.unwritten())], [false, "one\n"]);
  put(buffer, "two");
  buffer.flush(); // the writer still has the first half
  assertEquals([buffer.pending, text(pair.reader.unwritten())], [true, "one\n"]);
  assertEquals(pair.read(), "one\n");
  buffer.flush();
  assertEquals([pair.read(), pair.read(), pair.dropped], ["two\n", "", 0]);
});

Deno.test("log buffer: every way to write a piece", () => {
  const pair = new Pair();
  const { buffer } = pair;
  assert(buffer.begin());
  buffer.text("a line=");
  buffer.number(0);
  buffer.number(1203);
  buffer.text(" then");
  buffer.copy(new TextEncoder().encode(" end\n"));
  buffer.close();
  assertEquals(pair.read(), "a line=01203 then end\n");
});

Deno.test("log buffer: numbers have the digits of String, beyond 32 bits too", () => {
  const random = new Random(2);
  const pair = new Pair();
  const bounds = [0, 9, 10, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1];
  const numbers = [
    ...bounds,
    ...Array.from({ length: 500 }, () => Math.trunc(2 ** (random.below(53_000) / 1000))),
  ];
  for (const number of numbers) {
    pair.buffer.begin();
    pair.buffer.number(number);
    pair.buffer.text("\n");
  }
  pair.buffer.close();
  assertEquals(pair.read().split("\n").slice(0, -1), numbers.map(String));
});

/** The words and the length of an ASCII text. */
function wordsOf(text: string): [Float64Array, number] {
  const words = new Float64Array(Math.ceil(text.length / 8));
  new TextEncoder().encodeInto(text, new Uint8Array(words.buffer));
  return [words, text.length];
}

Deno.test("log buffer: words come out as their text, at every offset and of every length", () => {
  const random = new Random(1);
  const pair = new Pair();
  const { buffer } = pair;
  let wanted = "";
  for (let i = 0; i < 2_000; i++) {
    const before = "x".repeat(random.below(8));
    const codes = Array.from({ length: random.below(70) }, () => random.below(0x80));
    const text = String.fromCharCode(...codes);
    assert(buffer.begin());
    buffer.text(before);
    buffer.copyWords(...wordsOf(text));
    wanted += before + text;
  }
  buffer.close();
  assert(pair.read() === wanted);
});

Deno.test("log buffer: words of the longest line fit at the end of a half", () => {
  const pair = new Pair();
  const { buffer } = pair;
  const words = wordsOf(`${"y".repeat(MAX_LINE_BYTES - 2)}\n`);
  let kept = 0;
  for (let shift = 0; buffer.begin(); kept++, shift = (shift + 1) % 2) {
    buffer.text("z".repeat(shift));
    buffer.copyWords(...words);
  }
  assert(kept > 32, `${kept} lines kept`);
  buffer.close();
  const lines = pair.read().split("\n");
  assertEquals(lines.map((line) => line.length).filter((length) => length < MAX_LINE_BYTES - 2), [
    0,
  ]);
});

Deno.test("log buffer: without a writer, lines are dropped and counted, and those kept are whole", () => {
  const pair = new Pair();
  const { buffer } = pair;
  let kept = 0;
  for (let i = 0; i < 40_000; i++) if (put(buffer, `${i} ${"x".repeat(90)}`)) kept++;
  assert(kept > 10_000, `${kept} lines of 40000 kept`);
  assertEquals(kept + pair.dropped, 40_000);
  buffer.close();
  const lines = pair.read().split("\n");
  assertEquals(lines.pop(), "");
  assertEquals(lines, Array.from({ length: kept }, (_, i) => `${i} ${"x".repeat(90)}`));
  // Once the writer takes a half, there is room again.
  assert(put(buffer, "after"));
  buffer.flush();
  assertEquals(pair.read(), "after\n");
});

Deno.test("log buffer: a thread that ends hands over both halves, and the older one is read first", () => {
  for (const before of [0, 1, 2]) {
    const pair = new Pair();
    const { buffer } = pair;
    for (let i = 0; i < before; i++) {
      put(buffer, `before ${i}`);
      buffer.flush();
      pair.read();
    }
    put(buffer, "first");
    buffer.flush();
    put(buffer, "second");
    buffer.close();
    // Another reader, as that of a thread that replaces a dead writer.
    const other = new LogReader(pair.memory, 1);
    assertEquals(new TextDecoder().decode(other.take()!.slice()), "first\n");
    assertEquals(pair.read(), "first\nsecond\n");
  }
});

Deno.test("log buffer: three lines without room count as three", () => {
  const pair = new Pair();
  while (put(pair.buffer, "x".repeat(1000)));
  const before = pair.dropped;
  assert(!pair.buffer.begin(3));
  assertEquals(pair.dropped, before + 3);
});

Deno.test("log buffer: with random writes and reads, the lines are those that were kept, in order", () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = new Random(seed);
    const pair = new Pair();
    let [wanted, found] = ["", ""];
    for (let i = 0; i < 3_000; i++) {
      const line = `${i}:${"y".repeat(random.below(3_000))}`;
      if (put(pair.buffer, line)) wanted += `${line}\n`;
      if (random.below(100) === 0) pair.buffer.flush();
      if (random.below(300) === 0) found += pair.read();
    }
    pair.buffer.close();
    assert(wanted === found + pair.read(), `seed ${seed}`);
  }
});

Deno.test("log buffer: the lines of a thread that died are taken, and its successor continues", () => {
  const pair = new Pair();
  put(pair.buffer, "handed over");
  pair.buffer.flush();
  put(pair.buffer, "not handed over");
  put(pair.buffer, "perhaps unfinished");
  pair.reader.salvage();
  const next = pair.open();
  assert(!next.begin(), "both halves are the writer's");
  assertEquals(pair.dropped, 1);
  assertEquals(pair.read(), "handed over\nnot handed over\n");
  put(next, "next");
  next.close();
  assertEquals(pair.read(), "next\n");
  pair.reader.salvage(); // nothing is left
  assertEquals(pair.read(), "");
});
