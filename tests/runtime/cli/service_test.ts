import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parseCommandLine } from "../../../runtime/cli/command_line.ts";
import { type ServicePlan, servicePlan } from "../../../runtime/cli/service.ts";

/** The circumstances of a call of `systemd`. */
interface Call {
  readonly env?: Record<string, string>;
  /** The text of the configuration file, whatever its name. */
  readonly file?: string;
  readonly executable?: string | undefined;
  readonly folder?: string;
}

function plan(args: readonly string[], call: Call = {}): ServicePlan {
  const { env = {}, file = "", folder = "/srv", executable = "/opt/async-deno" } = call;
  const variable = (name: string) => env[name];
  const command = parseCommandLine({
    args: ["systemd", ...args],
    variable,
    variables: Object.keys(env),
    cores: { count: 2 },
    readText: () => file,
  });
  if (command.type !== "systemd") throw new TypeError(command.type);
  const source = { settings: command.settings, args: command.args, variable, folder };
  return servicePlan({
    ...source,
    executable: "executable" in call ? call.executable : executable,
  });
}

Deno.test("service: it runs the executable that prints the unit, with the same arguments", () => {
  const { service, faults, notes } = plan(["8", "::", "80", "--spa=true", "--root=/usr"]);
  assertEquals(service.executable, "/opt/async-deno");
  assertEquals(service.args, ["8", "::", "80", "--spa=true", "--root=/usr"]);
  assertEquals([faults, notes, service.folders], [[], [], []]);
  assertEquals(service.variables, [["ASYNC_DENO_LOG", "off"]]);
  assertEquals([service.descriptors, service.stopTimeout], [65_536, 15]);
});

Deno.test("service: every path of the arguments becomes absolute, and nothing else", () => {
  const args = ["--root", ".", "--header", "A: ./b", "--basic-auth=me:bin/ls", "--log", "-"];
  assertEquals(plan(args, { folder: "/usr" }).service.args, [
    "--root",
    "/usr",
    "--header",
    "A: ./b",
    "--basic-auth=me:/usr/bin/ls",
    "--log",
    "-",
  ]);
  assertEquals(plan(["--root=../bin", "--access-log", "off"], { folder: "/usr" }).service.args, [
    "--root=/bin",
    "--access-log",
    "off",
  ]);
  const { service } = plan(["--config", "a.toml", "--unix", "a/b"], { folder: "/run" });
  assertEquals(service.args, ["--config", "/run/a.toml", "--unix", "/run/a/b"]);
});

Deno.test("service: the paths of --app-allow become absolute, and nothing else of it", () => {
  const allow = "read=bin,net=db:5432,write=../var/lib/x,env=A,sys";
  const args = ["--app", "bin/ls", "--app-allow", allow, "--app-allow=read=lib", "--app-allow=net"];
  const env = { ASYNC_DENO_APP: "bin/ls", ASYNC_DENO_APP_ALLOW: "read=bin,env=read=x\nwrite=/a" };
  const { service, faults, notes } = plan(args, { folder: "/usr" });
  assertEquals(service.args, [
    "--app",
    "/usr/bin/ls",
    "--app-allow",
    "read=/usr/bin,net=db:5432,write=/var/lib/x,env=A,sys",
    "--app-allow=read=/usr/lib",
    "--app-allow=net",
  ]);
  assertEquals([faults, notes, service.folders], [[], [], ["StateDirectory=x"]]);
  const { service: { variables } } = plan([], { folder: "/usr", env });
  assertEquals(
    variables.find(([name]) => name === "ASYNC_DENO_APP_ALLOW")?.[1],
    "read=/usr/bin,env=read=x\nwrite=/a",
  );
});

Deno.test("service: what the unit keeps from an app is a note, and a relative path of the file a fault", () => {
  const notesOf = (right: string) =>
    plan(["--app", "/bin/sh", "--app-allow", right]).notes.join("\n");
  assertMatch(notesOf("read=/home/a,net"), /^--app-allow \/home\/a: .*ProtectHome=/);
  assertMatch(notesOf("write=/srv"), /^--app-allow \/srv: .*ProtectSystem=strict.*ReadWritePaths=/);
  assertEquals(notesOf("write=/var/cache/a/b,read=/nowhere,net=a:1"), "");
  const file = 'app = "/bin/sh"\napp-allow = ["net=a:1", "write=data", "read=/srv"]';
  const { faults } = plan(["--config", "/no/a.toml"], { file });
  assertEquals(faults.length, 2, faults.join()); // and the file that does not exist
  assertStringIncludes(faults[0]!, 'write "write=/srv/data"');
});

Deno.test("service: a missing path, or one of the wrong kind, is an error", () => {
  const faultsOf = (args: string[], call?: Call) => plan(args, call).faults;
  assertEquals(faultsOf(["--root", "nowhere"]), ["--root /srv/nowhere: does not exist"]);
  assertEquals(faultsOf(["--root", "/bin/sh"]), ["--root /bin/sh: is not a folder"]);
  assertEquals(faultsOf(["--basic-auth", "a:/usr"]), [
    "--basic-auth /usr: is a folder, not a file",
  ]);
  assertEquals(faultsOf(["--config", "/no/a.toml"]), ["--config /no/a.toml: does not exist"]);
  // The unit creates its folder.
  assertEquals(faultsOf(["--log", "/var/log/async-deno/log"]), []);
});

Deno.test("service: a note names everything that the sandbox hides", () => {
  const notesOf = (args: string[], call?: Call) => plan(args, call).notes.join("\n");
  for (const executable of ["/home/a/async-deno", "/root/async-deno"]) {
    assertMatch(notesOf([], { executable }), /^the unit cannot run \S+, .*ProtectHome=.*install/);
  }
  assertMatch(notesOf([], { executable: "/tmp/a/async-deno" }), /PrivateTmp=/);
  assertMatch(notesOf([], { executable: undefined }), /^run from source: .*\/usr\/local\/bin/);
  assertMatch(notesOf(["--root", "/home"]), /^--root \/home: .*ProtectHome=/);
  assertMatch(notesOf(["--root", "/tmp"]), /^--root \/tmp: .*PrivateTmp=/);
  assertMatch(notesOf(["--log", "/var/log/a.log"]), /^--log .*ProtectSystem=strict/);
  assertEquals(notesOf(["--root", "/homely"]), "");
});

Deno.test("service: a link into a hidden folder is hidden", async () => {
  const folder = await Deno.makeTempDir({ dir: "/var/tmp", prefix: "async-deno-test-" });
  try {
    // The link is in /var/tmp, which is hidden too; the note names the setting that hides its target.
    await Deno.symlink("/root", `${folder}/link`);
    const { notes } = plan(["--root", `${folder}/link`]);
    assertEquals(notes.length, 1);
    assertStringIncludes(notes[0]!, "ProtectHome=");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("service: a note names a file that not all users may read", async () => {
  const folder = await Deno.makeTempDir({ dir: "/opt", prefix: "async-deno-test-" })
    .catch(() => undefined);
  if (folder === undefined) return; // without root, no folder outside of hidden ones can be written
  try {
    const file = `${folder}/passwords`;
    await Deno.writeTextFile(file, "", { mode: 0o600 });
    await Deno.chmod(folder, 0o755);
    assertMatch(plan(["--basic-auth", `a:${file}`]).notes.join("\n"), /SupplementaryGroups=/);
    await Deno.chmod(file, 0o644);
    assertEquals(plan(["--basic-auth", `a:${file}`]).notes, []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("service: keys and secrets of channels are checked as the files of options are", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    await Deno.writeTextFile(`${folder}/api.key`, "secret", { mode: 0o600 });
    const file = `[channels]
engine = "redis://127.0.0.1"
engine_password_file = "engine.password"
[channels.token]
hmac_secret_key_variable = "TOKEN"
public_key_files = ["/usr"]
[channels.api]
key_file = "${folder}/api.key"`;
    const { faults, notes } = plan(["--config", "/etc/passwd.toml"], { file, folder });
    assertEquals(faults, [
      `engine_password_file of [channels], "engine.password", is relative to the folder in which the ` +
      `server is started, and a unit starts in /: write "${folder}/engine.password"`,
      "--config /etc/passwd.toml: does not exist",
      `engine_password_file of [channels] ${folder}/engine.password: does not exist`,
      "public_key_files of [channels.token] /usr: is a folder, not a file",
    ]);
    assertMatch(notes.join("\n"), /^key_file of \[channels.api\] \S+: .*PrivateTmp=/m);
    assertMatch(
      notes.join("\n"),
      /^hmac_secret_key_variable of .*: .* set TOKEN in \/etc\/default/m,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("service: options of the environment go into the unit, with absolute paths", () => {
  const env = {
    ASYNC_DENO_PORT: "8080",
    ASYNC_DENO_ROOT: ".",
    ASYNC_DENO_BASIC_AUTH: "a:bin/ls\nb:/bin/sh",
    ASYNC_DENO_CONFIG: "a.toml",
    ASYNC_DENO_MAX_BODY: "",
    OTHER: "x",
  };
  const { service } = plan(["--port", "80"], { env, folder: "/usr" });
  assertEquals(service.args, ["--port", "80"]);
  // The argument sets the port and wins, so the variable is omitted.
  assertEquals(service.variables.filter(([name]) => name !== "ASYNC_DENO_LOG"), [
    ["ASYNC_DENO_ROOT", "/usr"],
    ["ASYNC_DENO_BASIC_AUTH", "a:/usr/bin/ls\nb:/bin/sh"],
    ["ASYNC_DENO_CONFIG", "/usr/a.toml"],
  ]);
});

Deno.test("service: the event log is off unless an option names one", () => {
  const logOf = (args: string[], call?: Call) =>
    plan(args, call).service.variables.find(([name]) => name === "ASYNC_DENO_LOG")?.[1];
  assertEquals(logOf([]), "off");
  assertEquals(logOf(["--log", "-"]), undefined);
  assertEquals(logOf(["--config", "/a.toml"], { file: 'log = "-"' }), undefined);
  assertEquals(logOf([], { env: { ASYNC_DENO_LOG: "-" } }), "-");
});

Deno.test("service: a relative path in the configuration file is an error that names the right one", () => {
  const args = ["--config", "/bin/a.toml"];
  const file = 'root = "site"\nlog = "off"\nbasic-auth = ["me:secret"]\nport = 80\n';
  const faults = plan(args, { file }).faults.filter((fault) => fault.includes("relative"));
  assertEquals(faults.length, 2);
  assertMatch(faults[0]!, /^root = "site" in \/bin\/a.toml .* write "\/srv\/site"$/);
  assertMatch(faults[1]!, /write "me:\/srv\/secret"$/);
  const absolute = plan(args, { file: 'root = "/usr"' }).faults;
  assertEquals(absolute, ["--config /bin/a.toml: does not exist"]);
});

Deno.test("service: folders, descriptors and the stop timeout follow from the options", () => {
  const args = ["--log=/var/log/a/log", "--access-log=/var/log/a/access", "--unix", "/run/b/sock"];
  const more = ["--max-connections", "100000", "--drain-timeout", "60", "--drain-delay", "5"];
  const { service, notes } = plan([...args, ...more]);
  assertEquals(service.folders, ["RuntimeDirectory=b", "LogsDirectory=a"]);
  assertEquals(service.stopTimeout, 72);
  assertEquals(service.descriptors > 100_000 && service.descriptors < 101_000, true);
  assertEquals(notes, []);
});
