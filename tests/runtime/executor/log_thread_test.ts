/** The thread that writes a log, as the main thread starts, orders and replaces it: with real threads and files. */

import { assert, assertEquals } from "@std/assert";
import { LogThread } from "../../../runtime/executor/log_thread_handle.ts";
import { createLogMemory, LogBuffer } from "../../../runtime/ring/mod.ts";
import "../../support/load_libc.ts";
import { waitFor } from "../../support/wait_for.ts";

/** A log whose thread opens its file by its name. */
class Rig {
  readonly memory: SharedArrayBuffer = createLogMemory(1);
  readonly warnings: string[] = [];
  dropped = 0;
  readonly buffer = new LogBuffer(this.memory, 0, (lines) => this.dropped += lines);
  readonly thread: LogThread;

  constructor(target: string) {
    this.thread = new LogThread({
      start: { target, limit: 0, title: "log test", memory: this.memory },
      warn: (text) => this.warnings.push(text),
      dropped: (lines) => this.dropped += lines,
    });
  }

  line(text: string): void {
    assert(this.buffer.begin());
    this.buffer.text(`${text}\n`);
    this.buffer.flush();
  }
}

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const textOf = (path: string) => Deno.readTextFile(path).catch(() => "");

Deno.test("log thread: lines from before its start are written, it sleeps and wakes, and reopens its file", () =>
  withFolder(async (folder) => {
    const path = `${folder}/log`;
    const rig = new Rig(path);
    rig.line("before");
    await rig.thread.load();
    rig.thread.start();
    await waitFor(async () => await textOf(path) === "before\n", { what: "the first line" });
    rig.line("later");
    await waitFor(async () => await textOf(path) === "before\nlater\n", {
      what: "the second line",
    });
    await Deno.rename(path, `${path}.old`);
    assertEquals(await rig.thread.reopen(), null);
    rig.line("reopened");
    assertEquals(await rig.thread.finish(), true);
    assertEquals(await textOf(path), "reopened\n");
    assertEquals([rig.warnings, rig.dropped], [[], 0]);
  }));

Deno.test("log thread: a file that cannot be reopened is named, and its lines go on to the old one", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/sub`);
    const rig = new Rig(`${folder}/sub/log`);
    await rig.thread.load();
    rig.thread.start();
    rig.line("one");
    await waitFor(async () => await textOf(`${folder}/sub/log`) === "one\n", { what: "the line" });
    await Deno.rename(`${folder}/sub`, `${folder}/gone`);
    assertEquals(await rig.thread.reopen(), "no such file or directory");
    rig.line("two");
    const isThere = async () => await textOf(`${folder}/gone/log`) === "one\ntwo\n";
    await waitFor(isThere, { what: "the other line, in the old file" });
    await rig.thread.finish();
  }));

Deno.test("log thread: one that dies is replaced, and no line is lost", () =>
  withFolder(async (folder) => {
    const path = `${folder}/missing/log`;
    const rig = new Rig(path);
    await rig.thread.load();
    rig.line("one");
    rig.thread.start(); // the thread cannot open its file, and dies
    await waitFor(() => rig.warnings.length > 0, { what: "the warning" });
    assert(
      rig.warnings[0]!.startsWith("the thread that writes the log test died: "),
      rig.warnings[0],
    );
    rig.line("two");
    await Deno.mkdir(`${folder}/missing`);
    const areWritten = async () => {
      rig.buffer.flush(); // as a worker's timer
      return await textOf(path) === "one\ntwo\n";
    };
    await waitFor(areWritten, { what: "both lines" });
    assertEquals(await rig.thread.finish(), true);
    assertEquals(rig.dropped, 0);
  }));

Deno.test("log thread: lines that a dead thread leaves at the end are counted as dropped", () =>
  withFolder(async (folder) => {
    const rig = new Rig(`${folder}/missing/log`);
    await rig.thread.load();
    rig.thread.start();
    await waitFor(() => rig.warnings.length > 0, { what: "the warning" });
    rig.line("one");
    rig.line("two");
    rig.buffer.close();
    assertEquals(await rig.thread.finish(), true);
    assertEquals(rig.dropped, 2);
  }));

Deno.test("log thread: if nobody reads at the end, it gives up after half a second and counts the lines", () =>
  withFolder(async (folder) => {
    const path = `${folder}/fifo`;
    assert((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
    const reader = await Deno.open(path, { read: true, write: true });
    const rig = new Rig(path);
    await rig.thread.load();
    rig.thread.start();
    const line = "x".repeat(999);
    const lines = 100; // more than a pipe holds: 64 KiB
    for (let i = 0; i < lines; i++) {
      assert(rig.buffer.begin());
      rig.buffer.text(`${line}\n`);
    }
    rig.buffer.flush();
    await rig.thread.finish();
    const room = new Uint8Array(lines * 1000);
    const got = await reader.read(room) ?? 0;
    reader.close();
    assertEquals([got % 1000, got / 1000 + rig.dropped], [0, lines]);
    assert(rig.dropped > 0);
  }));

Deno.test("log thread: the lines of a server that stops before it has started are written", () =>
  withFolder(async (folder) => {
    const rig = new Rig(`${folder}/log`);
    rig.line("early");
    rig.buffer.close();
    assertEquals(await rig.thread.finish(), true);
    assertEquals([await textOf(`${folder}/log`), rig.dropped], ["early\n", 0]);
    await rig.thread.load(); // as the start does, when it goes on: no other thread is made
  }));
