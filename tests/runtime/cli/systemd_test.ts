import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { systemdUnit } from "../../../runtime/cli/systemd.ts";
import { findProgram } from "../../support/process_facts.ts";

/** What `systemd-analyze security` calls this much and less: OK. */
const EXPOSURE = 2.0;

const ANALYZE = findProgram("systemd-analyze");
const HINT = ANALYZE === undefined ? " (skipped, to install it: apt-get install systemd)" : "";

Deno.test("systemd: words are quoted as systemd reads them", () => {
  const unit = systemdUnit("/bin/a b", ["8", "--header", 'A: 100% "$x\\"', "::"]);
  const line = String.raw`ExecStart="/bin/a b" 8 --header "A: 100%% \"$$x\\\"" ::`;
  assertStringIncludes(unit, `\n${line}\n`);
});

Deno.test("systemd: an executable that the sandbox hides is taken to be installed", () => {
  for (const hidden of ["/home/a/async-deno", "/root/async-deno", "/tmp/a/async-deno"]) {
    assertStringIncludes(systemdUnit(hidden, []), "\nExecStart=/usr/local/bin/async-deno\n");
  }
  assertStringIncludes(systemdUnit("/opt/a/async-deno", []), "\nExecStart=/opt/a/async-deno\n");
});

async function analyze(...args: string[]): Promise<{ code: number; text: string }> {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    const unit = `${folder}/async-deno.service`;
    // An executable that is there: whether it is, is what `verify` looks at first.
    await Deno.writeTextFile(unit, systemdUnit("/bin/true", ["8", "::", "443"]));
    const child = new Deno.Command(ANALYZE!, { args: [...args, unit], env: { LC_ALL: "C.UTF-8" } });
    const { code, stdout, stderr } = await child.output();
    return {
      code,
      text: [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join(""),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test({
  name: `systemd: its own check finds nothing in the unit${HINT}`,
  ignore: ANALYZE === undefined,
  fn: async () => assertEquals(await analyze("verify"), { code: 0, text: "" }),
});

Deno.test({
  name: `systemd: the exposure of the unit stays low${HINT}`,
  ignore: ANALYZE === undefined,
  fn: async () => {
    const { text } = await analyze("security", "--offline=true", "--no-pager");
    const level = /Overall exposure level for .*: (?<level>[\d.]+)/.exec(text)?.groups?.["level"];
    assertMatch(String(level), /^\d/, text);
    assertEquals(Number(level) <= EXPOSURE, true, `an exposure of ${level}`);
  },
});
