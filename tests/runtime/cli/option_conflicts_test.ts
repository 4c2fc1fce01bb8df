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

Deno.test("option conflicts: options of channels without channels", () => {
  const fault = (flag: string) =>
    `--${flag} has no effect without channels: write the section [channels] into the ` +
    "configuration file, or try them out with --channels-insecure";
  assertEquals(faultsOf(["--max-channels", "128"]), [fault("max-channels")]);
  assertEquals(faultsOf([], 'drain-spread = "2s"\nadmin = "127.0.0.1:0"\nadmin-channels = true'), [
    fault("admin-channels"),
    fault("drain-spread"),
  ]);
  assertEquals(faultsOf([], "max-channels = 128"), [], "the default in a file");
  const ways = [["--channels-insecure"], ["--endpoints", "demo"], ["--app", "a.ts"]];
  for (const way of ways) assertEquals(faultsOf([...way, "--max-channels", "5"]), [], way[0]);
  assertEquals(faultsOf(["--max-channels", "5"], "[channels]"), []);
});

Deno.test("option conflicts: a spread of closes that is as long as the whole stop", () => {
  const fault =
    "--drain-spread is 8 s, and must be shorter than --drain-timeout, 8 s, after which " +
    "clients are cut off; make the timeout longer";
  const insecure = ["--channels-insecure"];
  assertEquals(faultsOf([...insecure, "--drain-spread", "8s"]), [fault]);
  assertEquals(faultsOf([...insecure, "--drain-spread", "8s", "--drain-timeout", "20s"]), []);
  assertEquals(faultsOf(["--drain-timeout", "0.5s"]), [], "the default gives way");
});

Deno.test("option conflicts: a backend that may take longer than a client has to connect", () => {
  const proxy = (more: string, event = "connect") =>
    `[channels.proxy]\n${event}_endpoint = "http://127.0.0.1:3000/"\n${more}`;
  const fault = (timeout: string, most: string, connectTime: string) =>
    `timeout of [channels.proxy] is ${timeout} s, and must be at most ${most} s with ` +
    `--channel-connect-timeout ${connectTime} s, which goes on while the backend is asked: ` +
    "clients that are not connected by then are closed with 3502 and stay away";
  const late = proxy('timeout = "9.5s"');
  assertEquals(faultsOf([], late), [fault("9.5", "9", "10")]);
  assertEquals(faultsOf([], proxy('timeout = "9s"')), []);
  assertEquals(faultsOf(["--channel-connect-timeout", "30s"], late), []);
  // Half of a short time is left.
  const short = ["--channel-connect-timeout", "1s"];
  assertEquals(faultsOf(short, proxy("")), [fault("1", "0.5", "1")]);
  assertEquals(faultsOf(short, proxy('timeout = "500ms"')), []);
  assertEquals(faultsOf(["--channel-connect-timeout", "2s"], proxy("")), []);
  // The other questions come later.
  assertEquals(faultsOf([], proxy('timeout = "1m"', "rpc")), []);
});
