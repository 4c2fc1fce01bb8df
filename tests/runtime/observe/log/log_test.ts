import { assert, assertEquals } from "@std/assert";
import { escapeText, Log, LogLabel } from "../../../../runtime/observe/log/mod.ts";
import { LinuxOs, openLogFile, SystemError } from "../../../../runtime/os/mod.ts";

const SILENT = { failed() {}, dropped() {} };

async function logged(write: (log: Log) => void): Promise<string> {
  const path = await Deno.makeTempFile();
  const descriptor = openLogFile(path, "empty");
  const log = new Log(os, descriptor, SILENT);
  write(log);
  log.flush();
  os.close(descriptor);
  const text = await Deno.readTextFile(path);
  await Deno.remove(path);
  return text;
}

const os = new LinuxOs(); // here and not in a test, where Deno 2.4 would take libc for a leak

Deno.test("the lines are those of the seed", async () => {
  const text = await logged((log) => {
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

Deno.test("a request's lines made at once are those made one by one, for every number of digits", async () => {
  const label = new LogLabel("/x (y)");
  for (const descriptor of [0, 9, 10, 99, 100, 1000, 65_535, 1_000_000]) {
    for (const keepAlive of [true, false]) {
      const atOnce = await logged((log) => log.request(descriptor, label, keepAlive));
      const singly = await logged((log) => {
        log.requestReceived(descriptor, label);
        log.requestDone(descriptor, keepAlive);
      });
      assertEquals(atOnce, singly);
    }
  }
});

Deno.test("more lines than the buffer holds are all written, whole and in order", async () => {
  const text = await logged((log) => {
    for (let i = 0; i < 20_000; i++) log.messageReceived(i, i * 3);
  });
  const lines = text.trimEnd().split("\n");
  assertEquals(lines.length, 20_000);
  lines.forEach((line, i) => assertEquals(line, `[WS] fd=${i} recv ${i * 3} bytes`));
});

Deno.test("what a client sent cannot make lines or control sequences", async () => {
  const text = await logged((log) => log.note("HTTP", 'a\r\n[ACCEPT] fd=9\x1b[2J\\"\x7f\xff'));
  assertEquals(text, "[HTTP] a\\x0d\\x0a[ACCEPT] fd=9\\x1b[2J\\x5c\\x22\\x7f\\xff\n");
  assertEquals(escapeText("x".repeat(1000)).length, 256 + 3);
});

Deno.test("a log that cannot be written warns once, counts what is lost, and recovers", () => {
  const failures: number[] = [];
  let lost = 0;
  let answer = -28; // ENOSPC
  const broken = Object.assign(Object.create(os), {
    write: (_descriptor: number, _bytes: Uint8Array, length: number) =>
      answer < 0 ? answer : length,
  });
  const log = new Log(broken, 1, {
    failed: (result) => failures.push(result),
    dropped: (bytes) => lost += bytes,
  });
  for (let i = 0; i < 3; i++) {
    log.accepted(5);
    log.flush();
  }
  assertEquals(failures, [-28]);
  assertEquals(lost, 3 * "[ACCEPT] fd=5\n".length);
  answer = 0;
  log.accepted(5);
  log.flush();
  assertEquals(log.pending, false);
});

Deno.test("a switched-off log writes nothing", () => {
  const log = new Log(os, -1, SILENT);
  log.accepted(5);
  log.request(5, new LogLabel("/"), true);
  log.note("HTTP", "x");
  assert(!log.pending);
});

Deno.test("the log is emptied when it is opened, and never through a symbolic link", async () => {
  const folder = await Deno.makeTempDir();
  const target = `${folder}/target`;
  await Deno.writeTextFile(target, "old");
  await Deno.symlink(target, `${folder}/link`);
  let refused: unknown;
  try {
    openLogFile(`${folder}/link`, "empty");
  } catch (error) {
    refused = error;
  }
  assert(refused instanceof SystemError);
  assertEquals((refused as SystemError).call, "open");
  assertEquals(await Deno.readTextFile(target), "old");
  os.close(openLogFile(target, "empty"));
  assertEquals(await Deno.readTextFile(target), "");
  await Deno.remove(folder, { recursive: true });
});
