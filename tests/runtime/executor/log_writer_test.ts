/**
 * The writer of a log with a file that fails in every way: lines are written whole and in order, or counted. It
 * runs in the thread of the test, and returns because it was told to finish.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { LogWriter, type LogWriterParts } from "../../../runtime/executor/log_writer.ts";
import { EAGAIN } from "../../../runtime/os/mod.ts";
import { createLogMemory, LogBuffer, LogControl, LogReader } from "../../../runtime/ring/mod.ts";
import { ENOSPC } from "../../support/fake_errno.ts";
import { FaultPlan } from "../../support/fault_plan.ts";
import { Random } from "../../support/random.ts";

/** A file in memory; `answer` returns how many of the bytes are written, or a negated errno. */
class MemoryFile {
  text = "";
  answer: (length: number) => number;

  constructor(answer: MemoryFile["answer"]) {
    this.answer = answer;
  }

  get endsWithinLine(): boolean {
    return this.text !== "" && !this.text.endsWith("\n");
  }

  write(lines: Uint8Array): number {
    const written = this.answer(lines.length);
    if (written > 0) this.text += new TextDecoder().decode(lines.slice(0, written));
    return written;
  }

  reopen(): void {
    this.text += "[another file]\n";
  }
}

/** Two threads and a writer of their lines, its warnings and its count of dropped lines. */
class Rig {
  readonly memory: SharedArrayBuffer = createLogMemory(2);
  readonly control = new LogControl(this.memory);
  readonly warnings: string[] = [];
  readonly reopened: unknown[] = [];
  dropped = 0;
  readonly threads: readonly LogBuffer[] = [0, 1].map((thread) =>
    new LogBuffer(this.memory, thread, (lines) => this.dropped += lines)
  );
  readonly writer: LogWriter;

  constructor(file: LogWriterParts["file"]) {
    this.writer = this.another(file);
  }

  another(file: LogWriterParts["file"]): LogWriter {
    return new LogWriter({
      file,
      title: "log test",
      memory: this.memory,
      warn: (text) => this.warnings.push(text),
      dropped: (lines) => this.dropped += lines,
      reopened: (error) => this.reopened.push(error),
    });
  }

  line(thread: number, text: string): void {
    const buffer = this.threads[thread]!;
    if (!buffer.begin()) return;
    buffer.text(`${thread} ${text}\n`);
    buffer.flush();
  }

  /** The threads end, and the writer writes what they have left. */
  finish(): void {
    for (const buffer of this.threads) buffer.close();
    this.control.finish();
    this.writer.run();
  }
}

Deno.test("log writer: each thread's lines are whole and in order, for every size of writes", () => {
  for (let seed = 0; seed < 30; seed++) {
    const random = new Random(seed);
    const plan = new FaultPlan(random, 300);
    let more = 200;
    // No errors here, because the writer waits after each; the tests below have them.
    const file = new MemoryFile((length) => {
      // The threads go on while the writer writes.
      while (more > 0 && random.below(3) > 0) rig.line(random.below(2), `line ${more--}`);
      return plan.shorten(length);
    });
    const rig = new Rig(file);
    while (more > 100) rig.line(random.below(2), `line ${more--}`);
    rig.control.finish();
    rig.writer.run();
    while (more > 0) rig.line(random.below(2), `line ${more--}`);
    rig.finish();
    assertEquals([rig.dropped, rig.warnings], [0, []]);
    const lines = file.text.trimEnd().split("\n");
    assertEquals(lines.length, 200);
    for (const thread of ["0", "1"]) {
      const own = lines.filter((line) => line.startsWith(thread));
      const numbers = own.map((line) => Number(/^\d line (\d+)$/.exec(line)![1]));
      assertEquals(numbers, numbers.toSorted((a, b) => b - a));
    }
  }
});

Deno.test("log writer: a disk that is full for a while causes one warning, and loses no line", () => {
  const answers = [-ENOSPC, -ENOSPC];
  const file = new MemoryFile((length) => {
    if (answers.length === 0) rig.control.finish();
    return answers.shift() ?? length;
  });
  const rig = new Rig(file);
  rig.line(0, "one");
  rig.line(1, "two");
  rig.writer.run();
  assertEquals(file.text.split("\n").toSorted(), ["", "0 one", "1 two"]);
  assertEquals(rig.dropped, 0);
  assertEquals(rig.warnings.length, 1);
  assert(rig.warnings[0]!.includes("cannot write the log test: no space left on device (ENOSPC)"));
});

Deno.test("log writer: a line that was written in part is completed before any other", () => {
  for (const errno of [EAGAIN, ENOSPC]) {
    const answers = [4, -errno, 2];
    const file = new MemoryFile((length) => {
      if (answers.length === 0) rig.control.finish();
      return answers.shift() ?? length;
    });
    const rig = new Rig(file);
    rig.line(1, "torn");
    rig.line(0, "next");
    rig.writer.run();
    const lines = file.text.split("\n");
    assertEquals(lines.toSorted(), ["", "0 next", "1 torn"]);
  }
});

Deno.test("log writer: a file that is reopened within a line does not get the rest of that line", () => {
  const answers = [4, -EAGAIN];
  const file = new MemoryFile((length) => {
    const answer = answers.shift();
    if (answer === -EAGAIN) {
      rig.control.requestReopen();
      rig.control.finish();
    }
    return answer ?? length;
  });
  const rig = new Rig(file);
  rig.line(1, "torn");
  rig.writer.run();
  rig.line(0, "next");
  rig.finish();
  assertEquals(file.text, "1 to[another file]\n0 next\n");
  assertEquals([rig.dropped, rig.reopened], [1, [undefined]]);
});

Deno.test("log writer: an order to reopen from before its start is carried out, once", () => {
  const file = new MemoryFile((length) => length);
  const rig = new Rig(file);
  rig.control.requestReopen();
  rig.control.requestReopen();
  rig.line(0, "one");
  rig.finish();
  const late = rig.another(file);
  late.run();
  assertEquals([file.text, rig.reopened], ["[another file]\n0 one\n", [undefined]]);
});

Deno.test("log writer: a file that cannot be reopened is reported, and goes on", () => {
  const file = new MemoryFile((length) => length);
  const failure = new Error("no such folder");
  file.reopen = () => {
    throw failure;
  };
  const rig = new Rig(file);
  rig.control.requestReopen();
  rig.line(0, "kept");
  rig.finish();
  assertEquals([file.text, rig.reopened, rig.dropped], ["0 kept\n", [failure], 0]);
});

Deno.test("log writer: a reader that is slow is waited for, also at the end, without a warning", () => {
  const answers = [-EAGAIN, -EAGAIN, 3, -EAGAIN];
  const file = new MemoryFile((length) => answers.shift() ?? length);
  const rig = new Rig(file);
  rig.line(0, "later");
  rig.finish();
  assertEquals([file.text, rig.warnings, rig.dropped], ["0 later\n", [], 0]);
});

Deno.test("log writer: if the disk is full at the end, the lines are dropped and counted", () => {
  const file = new MemoryFile(() => -ENOSPC);
  const rig = new Rig(file);
  for (let i = 0; i < 10; i++) rig.line(i % 2, "lost");
  rig.finish();
  assertEquals([file.text, rig.dropped], ["", 10]);
});

Deno.test("log writer: after it was abandoned it writes nothing more", () => {
  const file = new MemoryFile((length) => {
    rig.control.abandon(); // while a write hangs
    return length;
  });
  const rig = new Rig(file);
  rig.line(0, "hung");
  rig.line(1, "never");
  rig.finish();
  assert(["0 hung\n", "1 never\n"].includes(file.text), file.text);
  assertEquals(rig.dropped, 0, "the main thread counts them");
});

Deno.test("log writer: another writer goes on where one has died", () => {
  const file = new MemoryFile((length) => {
    if (file.text.length >= 11) throw new Error("a fault of the writer");
    return Math.min(length, 11);
  });
  const rig = new Rig(file);
  rig.line(0, "the first line");
  assertThrows(() => rig.finish(), Error, "a fault of the writer");
  assertEquals(file.text, "0 the first");
  rig.line(1, "the second line");
  file.answer = (length) => length;
  rig.another(file).run();
  assertEquals(file.text, "0 the first line\n1 the second line\n");
});

Deno.test("log writer: the lines of a thread that died are written", () => {
  const file = new MemoryFile((length) => length);
  const rig = new Rig(file);
  const dying = rig.threads[1]!;
  for (const text of ["last words", "cut sh"]) {
    dying.begin();
    dying.text(`${text}\n`);
  }
  new LogReader(rig.memory, 1).salvage();
  rig.control.finish();
  rig.writer.run();
  assertEquals(file.text, "last words\n");
});
