import { assertEquals, assertThrows } from "@std/assert";
import { parseConfigFile } from "../../../runtime/cli/config_file.ts";
import { UsageError } from "../../../runtime/cli/usage_error.ts";

function valuesIn(path: string, text: string): Record<string, readonly string[]> {
  const { values, faults } = parseConfigFile(path, text);
  assertEquals(faults, []);
  return Object.fromEntries(values);
}

function faultIn(text: string): string | undefined {
  return parseConfigFile("a.toml", text).faults[0];
}

Deno.test("configuration file: TOML and JSON say the same", () => {
  const expected = { "log": ["off"], "max-connections": ["500"], "idle-timeout": ["1.5"] };
  const toml = '# ours\nlog = "off"\nmax-connections = 500\nidle-timeout = 1.5 # seconds\n';
  const json = '{"log": "off", "max-connections": 500, "idle-timeout": 1.5}';
  assertEquals(valuesIn("/etc/a.toml", toml), expected);
  assertEquals(valuesIn("a.JSON", json), expected);
  assertEquals(valuesIn("a.toml", ""), {});
  for (const [path, text] of [["a.toml", toml], ["a.json", json]] as const) {
    assertEquals(valuesIn(path, `\ufeff${text.replaceAll("\n", "\r\n")}`), expected);
  }
});

Deno.test("configuration file: what cannot be read names the place", () => {
  const refusal = (path: string, text: string) => {
    return assertThrows(() => parseConfigFile(path, text), UsageError).message;
  };
  const twice = "a.toml:2:1 is no TOML: trying to redefine an already defined table or value";
  assertEquals(refusal("a.toml", "port = 1\nport = 2"), twice);
  assertEquals(refusal("a.toml", "port = ").startsWith("a.toml:1:"), true);
  assertEquals(refusal("a.json", "{").startsWith("a.json is no JSON: "), true);
  assertEquals(refusal("a.json", "[]"), "a.json is not an object with the options as its keys");
  assertEquals(refusal("a.json", "null"), "a.json is not an object with the options as its keys");
  const ending = "--config takes a .toml or a .json file, and a.yaml is neither";
  assertEquals(refusal("a.yaml", ""), ending);
});

Deno.test("configuration file: an unknown key is told the nearest one", () => {
  assertEquals(faultIn("prot = 1"), 'unknown key "prot" in a.toml: did you mean port?');
  const camel = 'unknown key "maxConnections" in a.toml: did you mean max-connections?';
  assertEquals(faultIn("maxConnections = 1"), camel);
  assertEquals(faultIn("[limits]"), 'unknown key "limits" in a.toml: --help has all options');
  assertEquals(faultIn("config = 'b.toml'")?.startsWith('unknown key "config"'), true);
  assertEquals(faultIn('"__proto__" = 1')?.startsWith('unknown key "__proto__"'), true);
});

Deno.test("configuration file: a value of another type is told the right one", () => {
  assertEquals(faultIn('port = "80"'), "port in a.toml is a number");
  assertEquals(faultIn("port = [80]"), "port in a.toml is a number");
  assertEquals(faultIn("port = 1979-05-27"), "port in a.toml is a number");
  assertEquals(faultIn("log = true"), "log in a.toml is a text that is not empty");
  assertEquals(faultIn("log = ''"), "log in a.toml is a text that is not empty");
  assertEquals(faultIn("log.file = 'x'"), "log in a.toml is a text that is not empty");
});
