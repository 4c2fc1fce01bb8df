import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Service } from "../../../runtime/cli/service.ts";
import { systemdUnit } from "../../../runtime/cli/systemd.ts";
import { findProgram } from "../../support/process_facts.ts";

/** Up to this exposure `systemd-analyze security` says OK. */
const EXPOSURE = 2.0;

const ANALYZE = findProgram("systemd-analyze");
const HINT = ANALYZE === undefined ? " (skipped, to install it: apt-get install systemd)" : "";

function unitOf(service: Partial<Service>): string {
  return systemdUnit({
    executable: "/bin/true", // an existing one, because `verify` checks that first
    args: [],
    variables: [],
    folders: [],
    descriptors: 65_536,
    stopTimeout: 15,
    ...service,
  });
}

Deno.test("systemd: words are quoted as systemd reads them", () => {
  const args = ["8", "--header", 'A: 100% "$x\\"', "::", "", ";", "a'b", "tab\there", "é"];
  const unit = unitOf({ executable: "/bin/a $b%", args });
  const line = String
    .raw`ExecStart="/bin/a $b%%" 8 --header "A: 100%% \"$$x\\\"" :: "" ";" "a'b" "tab\x09here" "é"`;
  assertStringIncludes(unit, `\n${line}\n`);
});

Deno.test("systemd: a variable's percent signs are escaped, its dollars are not", () => {
  const unit = unitOf({ variables: [["ASYNC_DENO_ROOT", "/srv/100%/$a b"], ["B", "one\ntwo"]] });
  assertStringIncludes(unit, '\nEnvironment="ASYNC_DENO_ROOT=/srv/100%%/$a b"\n');
  assertStringIncludes(unit, '\nEnvironment="B=one\\x0atwo"\n');
});

Deno.test("systemd: the type of the service, and when it is restarted", () => {
  const unit = unitOf({ folders: ["LogsDirectory=a"], descriptors: 100_000, stopTimeout: 67 });
  for (
    const line of [
      "Type=notify",
      "Restart=on-failure",
      "RestartSec=1",
      "StartLimitIntervalSec=60",
      "StartLimitBurst=60",
      "RestartForceExitStatus=SIGHUP",
      "RestartPreventExitStatus=2",
      "LogsDirectory=a",
      "LimitNOFILE=100000",
      "TimeoutStopSec=67",
    ]
  ) assertStringIncludes(unit, `\n${line}\n`);
});

async function analyze(unit: string, ...args: string[]): Promise<{ code: number; text: string }> {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    const file = `${folder}/async-deno.service`;
    await Deno.writeTextFile(file, unit);
    const child = new Deno.Command(ANALYZE!, { args: [...args, file], env: { LC_ALL: "C.UTF-8" } });
    const { code, stdout, stderr } = await child.output();
    return {
      code,
      text: [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join(""),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const HARD: Partial<Service> = {
  args: ["8", "::", "443", "--header", 'A: 100% "$x\\" ;', ";", "line\nend", ""],
  variables: [["ASYNC_DENO_LOG", "off"], ["ASYNC_DENO_ROOT", "/srv/100% $a\n/b"]],
  folders: ["LogsDirectory=async-deno", "RuntimeDirectory=async-deno"],
};

Deno.test({
  name: `systemd: systemd-analyze verify finds no fault in the unit${HINT}`,
  ignore: ANALYZE === undefined,
  fn: async () => {
    assertEquals(await analyze(unitOf(HARD), "verify"), { code: 0, text: "" });
    const wrong = unitOf(HARD).replace("Type=notify", "Typ=notify");
    assert((await analyze(wrong, "verify")).text.includes("Typ"), "it would say so");
  },
});

Deno.test({
  name: `systemd: the exposure of the unit stays low${HINT}`,
  ignore: ANALYZE === undefined,
  fn: async () => {
    const { text } = await analyze(unitOf(HARD), "security", "--offline=true", "--no-pager");
    const level = /Overall exposure level for .*: (?<level>[\d.]+)/.exec(text)?.groups?.["level"];
    assertMatch(String(level), /^\d/, text);
    assertEquals(Number(level) <= EXPOSURE, true, `an exposure of ${level}`);
  },
});
