/**
 * The writer of a log with a file that fails in every way: lines are written whole and in order, or counted.
 */

import { assert, assertEquals } from "@std/assert";
import { LogWriter } from "../../../runtime/executor/log_writer.ts";
import { EAGAIN, type LogFile } from "../../../runtime/os/mod.ts";
import { createLogMemory, LogBuffer } from "../../../runtime/ring/mod.ts";
import { ENOSPC } from "../../support/fake_errno.ts";
import { FaultPlan } from "../../support/fault_plan.ts";
import { Random } from "../../support/random.ts";
import { waitFor } from "../../support/wait_for.ts";

type FakeFile = Pick<LogFile, "write" | "reopen" | "close" | "endsWithinLine">;

/** A file in memory; `answer` returns how many of the bytes are written, or a negated errno. */
class MemoryFile implements FakeFile {
  text = "";
  closed = 0;
  answer: (length: number) => number | Promise<number>;

  constructor(answer: MemoryFile["answer"]) {
    this.answer = answer;
  }

  get endsWithinLine(): boolean {
    return this.text !== "" && !this.text.endsWith("\n");
  }

  async write(lines: Uint8Array): Promise<number> {
    const written = await this.answer(lines.length);
    if (written > 0) this.text += new TextDecoder().decode(lines.slice(0, written));
    return written;
  }

  reopen(): void {
    this.text += "[another file]\n";
  }

  close(): void {
    this.closed++;
  }
}

/** A writer for two threads, its warnings and its count of dropped lines. */
class Rig {
  readonly warnings: string[] = [];
  dropped = 0;
  readonly writer: LogWriter;
  readonly threads: readonly LogBuffer[];

  constructor(file: FakeFile) {
    const memory = createLogMemory(2);
    this.writer = new LogWriter({
      file: file as LogFile,
      title: "log test",
      memory,
      threads: 2,
      warn: (text) => this.warnings.push(text),
      dropped: (lines) => this.dropped += lines,
    });
    const watcher = {
      handedOver: () => this.writer.wake(),
      dropped: (lines: number) => this.dropped += lines,
    };
    this.threads = [0, 1].map((thread) => new LogBuffer(memory, thread, watcher));
  }

  line(thread: number, text: string): void {
    const buffer = this.threads[thread]!;
    if (!buffer.begin()) return;
    buffer.text(`${thread} ${text}\n`);
    buffer.flush();
  }

  async finish(): Promise<void> {
    for (const buffer of this.threads) buffer.close();
    await this.writer.finish();
  }
}

Deno.test("log writer: each thread's lines are whole and in order, for every size of writes", async () => {
  for (let seed = 0; seed < 30; seed++) {
    const random = new Random(seed);
    const plan = new FaultPlan(random, 300);
    // No errors here, because the writer waits after each; the tests below have them.
    const file = new MemoryFile((length) => plan.shorten(length));
    const rig = new Rig(file);
    for (let i = 0; i < 200; i++) {
      rig.line(random.below(2), `line ${i}`);
      if (random.below(10) === 0) await undefined;
    }
    await rig.finish();
    assertEquals([rig.dropped, rig.warnings, file.closed], [0, [], 1]);
    const lines = file.text.trimEnd().split("\n");
    assertEquals(lines.length, 200);
    for (const thread of ["0", "1"]) {
      const own = lines.filter((line) => line.startsWith(thread));
      const numbers = own.map((line) => Number(/^\d line (\d+)$/.exec(line)![1]));
      assertEquals(numbers, numbers.toSorted((a, b) => a - b));
    }
  }
});

Deno.test("log writer: a disk that is full for a while causes one warning, and loses no line", async () => {
  let full = true;
  const file = new MemoryFile((length) => full ? -ENOSPC : length);
  const rig = new Rig(file);
  rig.line(0, "one");
  rig.line(1, "two");
  await waitFor(() => rig.warnings.length > 0, { what: "the warning" });
  full = false;
  await waitFor(() => file.text === "0 one\n1 two\n", { what: () => file.text });
  await rig.finish();
  assertEquals(rig.dropped, 0);
  assertEquals(rig.warnings.length, 1);
  assert(rig.warnings[0]!.includes("cannot write the log test: no space left on device (ENOSPC)"));
});

Deno.test("log writer: a line that a full disk cut is completed before the next one", async () => {
  const answers = [4, -ENOSPC, 2];
  const file = new MemoryFile((length) => answers.shift() ?? length);
  const rig = new Rig(file);
  rig.line(0, "torn");
  rig.line(1, "next");
  await waitFor(() => file.text === "0 torn\n1 next\n", { what: () => file.text });
  await rig.finish();
});

Deno.test("log writer: a file that is reopened within a line does not get the rest of that line", async () => {
  const answers = [4, -ENOSPC];
  const file = new MemoryFile((length) => answers.shift() ?? length);
  const rig = new Rig(file);
  rig.line(0, "torn");
  rig.line(1, "next");
  await waitFor(() => rig.warnings.length > 0, { what: "the warning" });
  rig.writer.reopen();
  await waitFor(() => file.text.endsWith("1 next\n"), { what: () => file.text });
  assertEquals(file.text, "0 to[another file]\n1 next\n");
  assertEquals(rig.dropped, 1);
  await rig.finish();
});

Deno.test("log writer: a descriptor that others set to non-blocking is retried without a warning", async () => {
  const answers = [-EAGAIN, -EAGAIN, 3, -EAGAIN];
  const file = new MemoryFile((length) => answers.shift() ?? length);
  const rig = new Rig(file);
  rig.line(0, "later");
  await waitFor(() => file.text === "0 later\n", { what: () => file.text });
  await rig.finish();
  assertEquals([rig.warnings, rig.dropped], [[], 0]);
});

Deno.test("log writer: if the disk is full at the end, the lines are dropped and counted", async () => {
  const file = new MemoryFile(() => -ENOSPC);
  const rig = new Rig(file);
  for (let i = 0; i < 10; i++) rig.line(i % 2, "lost");
  await rig.finish();
  assertEquals([rig.dropped, file.closed], [10, 1]);
});

Deno.test("log writer: if a write hangs at the end, the remaining lines are dropped and counted", async () => {
  const hanging = Promise.withResolvers<number>();
  const file = new MemoryFile(() => hanging.promise);
  const rig = new Rig(file);
  for (let i = 0; i < 10; i++) rig.line(i % 2, "lost");
  await rig.finish();
  assertEquals([rig.dropped, file.closed], [10, 0]);
  // When the write returns, the file is closed, and nothing more is written.
  hanging.resolve(3);
  await waitFor(() => file.closed === 1, { what: "the end of the write" });
  assertEquals(rig.dropped, 10);
});

Deno.test("log writer: the lines of a thread that died are written", async () => {
  const file = new MemoryFile((length) => length);
  const rig = new Rig(file);
  const dying = rig.threads[1]!;
  for (const text of ["last words", "cut sh"]) {
    dying.begin();
    dying.text(`${text}\n`);
  }
  rig.writer.salvage(1);
  await waitFor(() => file.text === "last words\n", { what: () => file.text });
  await rig.writer.finish();
});

Deno.test("log writer: a wake without lines does not stop the writer", async () => {
  const file = new MemoryFile((length) => length);
  const rig = new Rig(file);
  rig.writer.wake();
  rig.line(0, "later");
  await waitFor(() => file.text === "0 later\n", { what: () => file.text });
  await rig.finish();
});
