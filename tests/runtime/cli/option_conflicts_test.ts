/** Conflicts between options that no single row of arguments shows: files on disk, and who gave a value. */

import { assertEquals } from "@std/assert";
import { parseCommandLine } from "../../../runtime/cli/command_line.ts";

function faultsOf(args: readonly string[], file = "", variables: Record<string, string> = {}) {
  const command = parseCommandLine({
    args: [...args, "--config", "a.toml", "--check"],
    variable: (name) => variables[name],
    variables: Object.keys(variables),
    cores: { count: 2 },
    readText: () => file,
  });
  return command.type === "check" ? command.settings.faults : [];
}

Deno.test("option conflicts: both logs in the same file, by whatever path", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    const log = `${folder}/log`;
    const fault = (file: string) =>
      `--access-log cannot be ${file}: its rotation would lose lines; choose another file`;
    const same = fault(`the file of --log, ${log}`);
    const faults = (accessLog: string) => faultsOf(["--log", log, "--access-log", accessLog]);
    await Deno.symlink(folder, `${folder}/itself`);
    const spellings = [log, `${folder}/./log`, `${folder}//log`, `${folder}/itself/log`];
    for (const spelling of spellings) assertEquals(faults(spelling), [same], spelling);
    assertEquals(faults(`${log}.1`), [fault(`${log}.1, the last file of --log`)]);
    assertEquals(faults(`${folder}/other`), []);
    await Deno.writeTextFile(log, "");
    await Deno.symlink(log, `${folder}/symbolic`);
    await Deno.link(log, `${folder}/hard`);
    for (const spelling of [...spellings, `${folder}/symbolic`, `${folder}/hard`]) {
      assertEquals(faults(spelling), [same], spelling);
    }
    assertEquals(faults(`${folder}/other`), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("option conflicts: both logs on standard output, off, or in a file that is not rotated", () => {
  for (const target of ["-", "off", "/dev/null"]) {
    assertEquals(faultsOf(["--log", target, "--access-log", target]), [], target);
  }
});

Deno.test("option conflicts: a given default needs the other option too, but not in a file", () => {
  const rows = [
    ["unix-mode", "660", "unix"],
    ["access-log-format", "combined", "access-log"],
    ["trust-proxy-field", "auto", "trust-proxy"],
    ["open-files", "16", "root"],
  ] as const;
  for (const [flag, value, needed] of rows) {
    const fault = `--${flag} has no effect without --${needed}`;
    assertEquals(faultsOf([`--${flag}`, value]), [fault]);
    const variable = `ASYNC_DENO_${flag.toUpperCase().replaceAll("-", "_")}`;
    assertEquals(faultsOf([], "", { [variable]: value }), [fault]);
  }
  // What --check prints is itself a file without faults.
  assertEquals(faultsOf([], 'unix-mode = "660"\naccess-log-format = "combined"'), []);
  assertEquals(faultsOf(["--listing=no"]), []);
});

Deno.test("option conflicts: a spread of closes that is as long as the whole stop", () => {
  const fault =
    "--drain-spread is 8 s, and must be shorter than --drain-timeout, 8 s, after which " +
    "clients are cut off; make the timeout longer";
  assertEquals(faultsOf(["--drain-spread", "8s"]), [fault]);
  assertEquals(faultsOf(["--drain-spread", "8s", "--drain-timeout", "20s"]), []);
  assertEquals(faultsOf(["--drain-timeout", "0.5s"]), [], "the default gives way");
});
