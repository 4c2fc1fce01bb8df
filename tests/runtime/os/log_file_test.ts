/**
 * A log's file, by libc and by Deno's own calls: existing content, the size limit, a renamed file, and targets
 * that are not regular files. One suite for both.
 */

import { assert, assertEquals, assertThrows, fail } from "@std/assert";
import {
  countLines,
  EAGAIN,
  LinuxLogFile,
  type LogFile,
  type LogFileOptions,
  PortableLogFile,
  SystemError,
} from "../../../runtime/os/mod.ts";
import "../../support/load_libc.ts";

const KINDS: Record<string, new (options: LogFileOptions) => LogFile> = {
  "by libc": LinuxLogFile,
  "by Deno": PortableLogFile,
};

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    await body(folder);
  } finally {
    await Deno.chmod(folder, 0o700);
    await Deno.remove(folder, { recursive: true });
  }
}

/** Writes all of it, as the log's writer does. */
function write(file: LogFile, text: string): void {
  for (let rest = new TextEncoder().encode(text); rest.length > 0;) {
    const written = file.write(rest);
    assert(written > 0, `${written}`);
    rest = rest.subarray(written);
  }
}

for (const [kind, Kind] of Object.entries(KINDS)) {
  const open = (target: string, options: Partial<LogFileOptions> = {}) =>
    new Kind({ target, limit: 0, keepsLast: false, emptied: () => {}, ...options });
  const test = (name: string, body: (folder: string) => Promise<void>) =>
    Deno.test(`log file ${kind}: ${name}`, () => withFolder(body));

  test("the last run's event log is kept as FILE.1, an access log is appended to", async (folder) => {
    const [log, access] = [`${folder}/log`, `${folder}/access`];
    await Deno.writeTextFile(`${log}.1`, "two runs ago\n");
    for (const path of [log, access]) await Deno.writeTextFile(path, "before\n");
    const [events, accesses] = [open(log, { keepsLast: true }), open(access)];
    write(events, "one\n");
    write(accesses, "one\n");
    events.close();
    accesses.close();
    assertEquals(await Deno.readTextFile(log), "one\n");
    assertEquals(await Deno.readTextFile(`${log}.1`), "before\n");
    assertEquals(await Deno.readTextFile(access), "before\none\n");
  });

  test("an empty file is not kept", async (folder) => {
    await Deno.writeTextFile(`${folder}/log.1`, "evidence\n");
    await Deno.writeTextFile(`${folder}/log`, "");
    open(`${folder}/log`, { keepsLast: true }).close();
    assertEquals(await Deno.readTextFile(`${folder}/log.1`), "evidence\n");
  });

  test("reopening follows a rename, and appends", async (folder) => {
    const path = `${folder}/log`;
    const file = open(path);
    write(file, "one\n");
    await Deno.rename(path, `${path}.moved`);
    write(file, "still the old file\n");
    file.reopen();
    write(file, "two\n");
    file.reopen(); // not renamed
    write(file, "three\n");
    file.close();
    assertEquals(await Deno.readTextFile(`${path}.moved`), "one\nstill the old file\n");
    assertEquals(await Deno.readTextFile(path), "two\nthree\n");
  });

  test("if it cannot be reopened, the old file stays open", async (folder) => {
    await Deno.mkdir(`${folder}/sub`);
    const file = open(`${folder}/sub/log`);
    await Deno.rename(`${folder}/sub`, `${folder}/gone`);
    assertThrows(() => file.reopen(), Error);
    write(file, "kept\n");
    file.close();
    assertEquals(await Deno.readTextFile(`${folder}/gone/log`), "kept\n");
  });

  test("it never exceeds its limit, and every line is whole in one of the two files", async (folder) => {
    const path = `${folder}/log`;
    const limit = 1000;
    const file = open(path, { limit, keepsLast: true });
    let wanted = "";
    for (let i = 0; i < 60; i++) {
      const lines = `${i} ${"x".repeat(i)}\n${i}.\n`;
      wanted += lines;
      write(file, lines);
      assert((await Deno.stat(path)).size <= limit);
    }
    // More at once than the limit.
    const much = Array.from({ length: 100 }, (_, i) => `much ${i}\n`).join("");
    wanted += much;
    write(file, much);
    file.close();
    const [old, present] = [await Deno.readTextFile(`${path}.1`), await Deno.readTextFile(path)];
    assert(old.length <= limit && present.length <= limit);
    assert(old.length > limit - 100, "the old one is full");
    assert(wanted.endsWith(old + present));
    assert(old.endsWith("\n"));
  });

  test("a line longer than the limit is still written", async (folder) => {
    const file = open(`${folder}/log`, { limit: 10 });
    write(file, `${"y".repeat(50)}\nshort\n`);
    file.close();
    assertEquals(await Deno.readTextFile(`${folder}/log.1`), `${"y".repeat(50)}\n`);
    assertEquals(await Deno.readTextFile(`${folder}/log`), "short\n");
  });

  test("a file that cannot be renamed is emptied at its limit, and reported", async (folder) => {
    const path = `${folder}/log`;
    const said: string[] = [];
    const file = open(path, { limit: 100, emptied: (reason) => said.push(reason) });
    await Deno.mkdir(`${path}.1/full`, { recursive: true });
    for (let i = 0; i < 30; i++) write(file, `line ${i}\n`);
    file.close();
    const text = await Deno.readTextFile(path);
    assert(text.length <= 100 && text.endsWith("line 29\n"), text);
    assert(said.length > 0);
  });
}

Deno.test("log file by libc: a symbolic link is not followed, and a FIFO without a reader does not block", () =>
  withFolder(async (folder) => {
    const target = `${folder}/target`;
    await Deno.writeTextFile(target, "old");
    await Deno.symlink(target, `${folder}/link`);
    const options = { limit: 0, keepsLast: true, emptied: () => {} };
    const refused = assertThrows(
      () => new LinuxLogFile({ target: `${folder}/link`, ...options }),
      SystemError,
    );
    assertEquals(refused.call, "open");
    assertEquals(await Deno.readTextFile(target), "old");
    const { success } = await new Deno.Command("mkfifo", { args: [`${folder}/fifo`] }).output();
    assert(success);
    assertThrows(() => new LinuxLogFile({ target: `${folder}/fifo`, ...options }), SystemError);
  }));

Deno.test("log file by libc: a full disk is reported by its errno", () => {
  const options = { limit: 100, keepsLast: true, emptied: () => {} };
  const file = new LinuxLogFile({ target: "/dev/full", ...options });
  assertEquals(file.write(new TextEncoder().encode("a line\n")), -28);
  file.close();
});

Deno.test("log file by libc: a file that another server has open is not renamed", () =>
  withFolder(async (folder) => {
    const options = { target: `${folder}/log`, limit: 0, keepsLast: true, emptied: () => {} };
    const first = new LinuxLogFile(options);
    write(first, "first\n");
    const second = new LinuxLogFile(options);
    write(second, "second\n");
    write(first, "first\n");
    for (const file of [first, second]) file.close();
    assertEquals(await Deno.readTextFile(`${folder}/log`), "first\nsecond\nfirst\n");
    // No process has it open now.
    new LinuxLogFile(options).close();
    assertEquals(await Deno.readTextFile(`${folder}/log.1`), "first\nsecond\nfirst\n");
  }));

Deno.test("log file by libc: a pipe that nobody reads is -EAGAIN, and is written when somebody does", () =>
  withFolder(async (folder) => {
    const path = `${folder}/fifo`;
    assert((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
    const reader = await Deno.open(path, { read: true, write: true }); // does not wait for a writer
    const file = new LinuxLogFile({ target: path, limit: 0, keepsLast: false, emptied: () => {} });
    const line = new TextEncoder().encode(`${"x".repeat(999)}\n`);
    let sent = 0;
    let written = file.write(line);
    for (; written > 0 && sent < 1e6; written = file.write(line)) sent += written;
    assertEquals(written, -EAGAIN);
    assert(sent > 0 && sent % line.length === 0, `${sent} bytes`);
    const room = new Uint8Array(sent);
    for (let got = 0; got < sent;) {
      got += await reader.read(room.subarray(got)) ?? fail("the end of the pipe");
    }
    assertEquals(file.write(line), line.length);
    reader.close();
    file.close();
  }));

Deno.test("log file by libc: another thread goes on with the descriptor, also after a rotation", () =>
  withFolder(async (folder) => {
    const options = { target: `${folder}/log`, limit: 20, keepsLast: false, emptied: () => {} };
    const opened = new LinuxLogFile(options);
    const first = new LinuxLogFile({ ...options, descriptor: opened.descriptor });
    write(first, "a first line\n");
    write(first, "a second line\n");
    const second = new LinuxLogFile({ ...options, descriptor: opened.descriptor });
    write(second, "3\n");
    opened.close();
    assertEquals(await Deno.readTextFile(`${folder}/log.1`), "a first line\n");
    assertEquals(await Deno.readTextFile(`${folder}/log`), "a second line\n3\n");
  }));

Deno.test("log file: lines are counted by their ends", () => {
  const count = (text: string) => countLines(new TextEncoder().encode(text));
  assertEquals([count(""), count("a"), count("a\n"), count("\n\na\nb")], [0, 0, 1, 3]);
});
