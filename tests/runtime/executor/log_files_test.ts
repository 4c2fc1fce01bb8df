/** The logs' files: emptied or appended to at the start, and followed by their names when reopened. */

import { assertEquals, assertThrows } from "@std/assert";
import { type Config, DEFAULT_CONFIG } from "../../../runtime/config/mod.ts";
import { LogFileError, openLogFiles } from "../../../runtime/executor/log_files.ts";
import { LinuxOs } from "../../../runtime/os/mod.ts";

const os = new LinuxOs();

function write(descriptor: number, text: string): void {
  const bytes = new TextEncoder().encode(text);
  assertEquals(os.write(descriptor, bytes, bytes.length), bytes.length);
}

function configOf(log: string, accessLog: string): Config {
  const monitoring = { ...DEFAULT_CONFIG.monitoring, accessLog };
  return { ...DEFAULT_CONFIG, workers: 1, log, monitoring };
}

Deno.test("log files: the event log is emptied, the access log goes on; both follow a rename", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  const [log, access] = [`${folder}/log`, `${folder}/access`];
  for (const file of [log, access]) await Deno.writeTextFile(file, "before\n");
  const files = openLogFiles(configOf(log, access));
  const { log: first, accessLog: second } = files;
  write(first, "one\n");
  write(second, "one\n");
  for (const file of [log, access]) await Deno.rename(file, `${file}.1`);
  write(second, "still the old file\n");
  files.reopen();
  assertEquals([files.log, files.accessLog], [first, second]);
  write(first, "two\n");
  write(second, "two\n");
  files.reopen(); // not renamed: it goes on at the end
  write(second, "three\n");
  files.close();
  assertEquals(await Deno.readTextFile(`${log}.1`), "one\n");
  assertEquals(await Deno.readTextFile(log), "two\n");
  assertEquals(await Deno.readTextFile(`${access}.1`), "before\none\nstill the old file\n");
  assertEquals(await Deno.readTextFile(access), "two\nthree\n");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("log files: one that cannot be opened anew does not keep the other from it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  const [log, access] = [`${folder}/log`, `${folder}/access`];
  const files = openLogFiles(configOf(log, access));
  for (const file of [log, access]) await Deno.rename(file, `${file}.1`);
  await Deno.mkdir(log);
  assertThrows(() => files.reopen(), LogFileError, "name another with --log");
  write(files.log, "kept\n");
  write(files.accessLog, "new\n");
  files.close();
  assertEquals(await Deno.readTextFile(`${log}.1`), "kept\n");
  assertEquals(await Deno.readTextFile(access), "new\n");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("log files: where a name cannot be opened any more the old file stays", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  await Deno.mkdir(`${folder}/sub`);
  const files = openLogFiles(configOf("off", `${folder}/sub/access`));
  await Deno.rename(`${folder}/sub`, `${folder}/gone`);
  assertThrows(() => files.reopen(), LogFileError, "name another with --access-log");
  write(files.accessLog, "kept\n");
  files.close();
  assertEquals(await Deno.readTextFile(`${folder}/gone/access`), "kept\n");
  assertEquals(files.log, -1);
  await Deno.remove(folder, { recursive: true });
});
