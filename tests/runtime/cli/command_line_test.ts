import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseCommandLine } from "../../../runtime/cli/command_line.ts";
import { type Config, DEFAULT_CONFIG } from "../../../runtime/config/mod.ts";
import { helpText } from "../../../runtime/cli/help.ts";
import { OPTIONS, variableOf } from "../../../runtime/cli/options/mod.ts";
import { UsageError } from "../../../runtime/cli/usage_error.ts";

function parse(args: string[], variables: Record<string, string> = {}) {
  return parseCommandLine({
    args,
    variable: (name) => variables[name],
    variables: Object.keys(variables),
    cores: { count: 2 },
    readText: (path) => {
      throw new TypeError(`nothing should be read, and not ${path}`);
    },
  });
}

function config(args: string[], variables: Record<string, string> = {}): Config {
  const command = parse(args, variables);
  if (command.type !== "serve") throw new TypeError(`not a config: ${command.type}`);
  return command.settings.config;
}

function refusal(args: string[], variables: Record<string, string> = {}): string {
  const error = assertThrows(() => parse(args, variables), UsageError);
  return (error as UsageError).message;
}

Deno.test("without arguments: one worker per core, all addresses, port 8000, the log in /tmp", () => {
  assertEquals(config([]), { ...DEFAULT_CONFIG, workers: 2 });
});

Deno.test("WORKERS, IP and PORT are positional arguments in this order", () => {
  const { workers, hostname, port } = config(["4", "127.0.0.1", "8080"]);
  assertEquals({ workers, hostname, port }, { workers: 4, hostname: "127.0.0.1", port: 8080 });
  assertEquals(config(["8"]).workers, 8);
  assertEquals(config(["1", "::", "0"]).hostname, "::");
  assertEquals(config(["1", "[::1]", "0"]).hostname, "::1");
});

Deno.test("a value out of range is reported with its range", () => {
  for (const workers of ["0", "257", "abc", "1.5", "", " 3", "1e2"]) {
    const expected = `WORKERS must be a whole number from 1 to 256, not "${workers}"`;
    assert(refusal([workers]).startsWith(expected), workers);
  }
  assertEquals(
    refusal(["1", "::", "70000"]),
    'PORT must be a whole number from 0 to 65535, not "70000"',
  );
  for (
    const address of ["localhost", "1.2.3", "256.1.1.1", "1.2.3.4.5", "01.2.3.4", "::g", "a:b"]
  ) {
    assert(refusal(["1", address]).includes(`not "${address}"`), address);
  }
  assert(refusal(["1", "::", "0", "extra"]).includes('"extra"'));
});

Deno.test("an unknown or repeated option, or an option without its value, is an error", () => {
  assert(refusal(["--loge", "x"]).includes("--loge"));
  assert(refusal(["-x"]).includes("-x"));
  assert(refusal(["-1"]).includes("-1"));
  assert(refusal(["--log", "a", "--log", "b"]).includes("more than once"));
  assert(refusal(["--max-head="]).includes("needs a value"));
  for (const name of ["Content-Type", "etag", "Last-Modified", "LOCATION"]) {
    const message = `--header must not be ${name}: the server sets it for each file`;
    assertEquals(refusal(["--header", `${name}: x`, "--root", "x"]), message);
  }
  assertEquals(refusal(["--max-head", ""]), "--max-head needs a value");
  assert(refusal(["--max-head", "-1"]).startsWith("--max-head must be a size from "));
});

/** By group or flag, the options without which a value has no effect, or is too long. */
const COMPANIONS: Readonly<Record<string, readonly string[]>> = {
  "App": ["--app=a.ts"],
  "Channels": ["--channels-insecure"],
  "drain-spread": ["--drain-timeout=1d", "--channels-insecure"],
  "Files": ["--root=x"],
  "Transport and TLS": ["--tls-cert=c", "--tls-key=k"],
};

Deno.test("every number option: flag, variable, bounds and precedence", () => {
  for (const option of OPTIONS) {
    if (option.range === undefined) continue;
    const { flag, range: [least, most] } = option;
    const name = `--${flag}`;
    const variables = { [variableOf(flag)]: String(most) };
    const companions = COMPANIONS[flag] ?? COMPANIONS[option.group] ?? [];
    const values = (args: string[], from = {}) => {
      return option.valuesOf(config([...args, ...companions], from));
    };
    assertEquals(values([name, String(most)]), [String(most)], name);
    assertEquals(values([name, String(least)]), [String(least)], name);
    assertEquals(values([], variables), [String(most)], name);
    assertEquals(values([name, String(least)], variables), [String(least)], name);
    for (const wrong of [String(most + 1), "-1", "x", "0x10", "1e3", String(least - 1)]) {
      assert(refusal([`${name}=${wrong}`]).startsWith(name), `${name}=${wrong}`);
      const message = refusal([], { [variableOf(flag)]: wrong });
      assert(message.startsWith(`${variableOf(flag)} must be a `), message);
      assert(/ from \S+ to \S+/.test(message), message);
    }
  }
});

Deno.test("every option: in the help, and its own value changes nothing", () => {
  const help = helpText("0.0.0");
  for (const option of OPTIONS) {
    // Without an app there is no section for its options.
    const defaults = config(option.group === "App" ? ["--app=a.ts"] : []);
    assert(help.includes(`--${option.flag}`), option.flag);
    const changed = structuredClone(defaults);
    option.apply(changed, option.valuesOf(defaults), option.flag);
    assertEquals(changed, defaults, option.flag);
  }
  assertEquals(new Set(OPTIONS.map(({ flag }) => flag)).size, OPTIONS.length);
});

Deno.test("--workers, --ip and --port are options too, and the positional arguments win", () => {
  const flags = ["--workers", "3", "--ip", "::1", "--port", "81"];
  const { workers, hostname, port } = config(flags);
  assertEquals([workers, hostname, port], [3, "::1", 81]);
  assertEquals(config(["4", ...flags]).workers, 4);
  assertEquals(config([...flags, "4", "127.0.0.1"]).hostname, "127.0.0.1");
  assertEquals(config([], { ASYNC_DENO_PORT: "82" }).port, 82);
  assert(refusal(["--ip", "localhost"]).startsWith("--ip must be an IPv4 or IPv6 address"));
});

Deno.test("times are given in seconds or with a unit, and kept in milliseconds", () => {
  for (const text of ["1.5", "1.5s", "1500ms"]) {
    assertEquals(config(["--idle-timeout", text]).limits.idleTime, 1500, text);
  }
});

Deno.test("sizes are given in bytes or with a unit", () => {
  for (const text of ["1572864", "1536k", "1.5m", "1.5MiB", "1.5 mib"]) {
    assertEquals(config(["--max-body", text]).http1.bodyBytes, 1572864, text);
  }
});

Deno.test("an address is kept in its canonical form", () => {
  assertEquals(config(["1", "0:0:0:0:0:0:0:1"]).hostname, "::1");
  const args = ["--admin", "[0:0::1]:9000"];
  assertEquals(config(args).monitoring.admin, { hostname: "::1", port: 9000 });
});

Deno.test("the first error is reported, with the number of the others", () => {
  const far = "unknown option --frobnicate: --help lists all options";
  assertEquals(refusal(["--frobnicate"]), far);
  assertEquals(
    refusal(["--frobnicate", "--port", "x", "--max-head", "1"]),
    `${far} (--check reports 2 more)`,
  );
});

Deno.test("the argument after a switch is not its value", () => {
  const command = parse(["--check", "4", "--log", "-", "--", "::1"]);
  assertEquals(command.type, "check");
  if (command.type !== "check") return;
  const { workers, hostname, log } = command.settings.config;
  assertEquals([workers, hostname, log], [4, "::1", "-"]);
  assertEquals(refusal(["--check=yes"]), "--check takes no value");
});

Deno.test("a command is the first argument", () => {
  assertEquals(parse(["completions", "zsh"]), { type: "completions", shell: "zsh" });
  assert(refusal(["completions"]).includes("bash, zsh, fish"));
  assert(refusal(["completions", "tcsh"]).includes('"tcsh"'));
  assert(refusal(["completions", "bash", "8"]).includes('"bash 8"'));
  const unit = parse(["systemd", "8", "--port=80"]);
  if (unit.type !== "systemd") throw new TypeError(unit.type);
  assertEquals([unit.args, unit.settings.config.port], [["8", "--port=80"], 80]);
  assert(refusal(["systemd", "0"]).startsWith("WORKERS must be"));
  assert(refusal(["8", "systemd"]).startsWith("IP must be"));
});

Deno.test("help and version win over everything else that is valid", () => {
  assertEquals(parse(["8", "--help"]).type, "help");
  assertEquals(parse(["-h"]).type, "help");
  assertEquals(parse(["--version"]).type, "version");
  assertEquals(parse(["-V"]).type, "version");
});

Deno.test("the help fits a terminal of 100 columns", () => {
  for (const line of helpText("0.0.0").split("\n")) assert(line.length <= 100, line);
});

Deno.test("parsing does not change the defaults", () => {
  const before = structuredClone(DEFAULT_CONFIG);
  config(["--idle-timeout", "9", "--max-head", "9999"]);
  assertEquals(DEFAULT_CONFIG, before);
});
