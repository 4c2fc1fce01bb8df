import { assertEquals, assertMatch, assertThrows } from "@std/assert";
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

Deno.test("configuration file: TOML and JSON give the same values", () => {
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

Deno.test("configuration file: a syntax error names its place", () => {
  const refusal = (path: string, text: string) => {
    return assertThrows(() => parseConfigFile(path, text), UsageError).message;
  };
  const twice =
    "a.toml:2:1 is not valid TOML: trying to redefine an already defined table or value";
  assertEquals(refusal("a.toml", "port = 1\nport = 2"), twice);
  assertEquals(refusal("a.toml", "port = ").startsWith("a.toml:1:"), true);
  const rows = [
    ["max-body = 16m", 'max-body = "16m"'],
    ["port = 80\n  listing = yes # really", 'listing = "yes"'],
    ["log = /tmp/x", 'log = "/tmp/x"'],
  ] as const;
  for (const [text, meant] of rows) {
    assertMatch(refusal("a.toml", text), /^a\.toml:\d+:\d+ is not valid TOML: [^:]+: did you mean/);
    assertEquals(refusal("a.toml", text).split(": ").at(-1), `did you mean ${meant}, in quotes?`);
  }
  assertEquals(refusal("a.json", "{").startsWith("a.json is not valid JSON: "), true);
  assertEquals(refusal("a.json", "[]"), "a.json must contain one object, whose keys are options");
  assertEquals(refusal("a.json", "null"), "a.json must contain one object, whose keys are options");
  const ending = "--config takes a file whose name ends in .toml or .json, not a.yaml";
  assertEquals(refusal("a.yaml", ""), ending);
});

Deno.test("configuration file: a key that appears twice in JSON is an error", () => {
  for (const text of ['{"port": 1, "port": 2}', '{"port": "{", "p\\u006frt" :2}']) {
    const { message } = assertThrows(() => parseConfigFile("a.json", text), UsageError);
    assertEquals(message, 'the key "port" appears twice in a.json', text);
  }
  const nested = '{"tls": {"cert": "a", "key": "b", "cert": "c"}, "cert": 1}';
  const { message } = assertThrows(() => parseConfigFile("a.json", nested), UsageError);
  assertEquals(message, 'the key "cert" appears twice in a.json');
  const twins = '{"tls": {"certificates": [{"cert": "a", "key": "b"}, {"cert": "c", "key": "d"}]}}';
  assertEquals(valuesIn("a.json", twins), { "tls-cert": ["a", "c"], "tls-key": ["b", "d"] });
  const values = { "log": ["port"], "port": ["1"], "cache": ["port", '"log":'] };
  const text = '{"log": "port", "port": 1, "cache": ["port", "\\"log\\":"]}';
  assertEquals(valuesIn("a.json", text), values);
});

Deno.test("configuration file: a number without quotes may have the forms of TOML", () => {
  const values = valuesIn("a.toml", "max-body = 1e3\nport = -0\nmax-connections = 1_000");
  assertEquals(values, { "max-body": ["1000"], "port": ["0"], "max-connections": ["1000"] });
});

Deno.test("configuration file: an unknown key is an error with the nearest option", () => {
  assertEquals(faultIn("prot = 1"), 'unknown key "prot" in a.toml: did you mean port?');
  const camel = 'unknown key "maxConnections" in a.toml: did you mean max-connections?';
  assertEquals(faultIn("maxConnections = 1"), camel);
  assertEquals(
    faultIn("[limits]"),
    'unknown key "limits" in a.toml: the file has no sections but tls, app, channels and pusher, each option is a key at the top',
  );
  assertEquals(faultIn("host = '::'"), 'unknown key "host" in a.toml: did you mean ip?');
  assertEquals(faultIn("config = 'b.toml'")?.startsWith('unknown key "config"'), true);
  assertEquals(faultIn('"__proto__" = 1')?.startsWith('unknown key "__proto__"'), true);
});

Deno.test("configuration file: certificates may be tables, and TLS options a section", () => {
  const two = '[[tls.certificates]]\ncert = "a.pem"\nkey = "a.key"\n' +
    '[[tls.certificates]]\nkey = "b.key"\ncert = "b.pem"\n';
  const values = { "tls-cert": ["a.pem", "b.pem"], "tls-key": ["a.key", "b.key"] };
  assertEquals(valuesIn("a.toml", two), values);
  const json = '{"tls": {"certificates": [{"cert": "a.pem", "key": "a.key"}], "client-ca": "c"}}';
  const one = { "tls-cert": ["a.pem"], "tls-key": ["a.key"], "tls-client-ca": ["c"] };
  assertEquals(valuesIn("a.json", json), one);
  const section = '[tls]\nimplementation = "openssl"\ncert = "a.pem"\nkey = ["a.key"]\n';
  const flat = { "tls": ["openssl"], "tls-cert": ["a.pem"], "tls-key": ["a.key"] };
  assertEquals(valuesIn("a.toml", section), flat);
  assertEquals(valuesIn("a.toml", 'tls = "deno"'), { "tls": ["deno"] });
  const rows: [text: string, fault: RegExp][] = [
    ['[[tls.certificates]]\ncert = "a.pem"', /must have the keys cert and key/],
    ['[[tls.certificates]]\ncert = "a.pem"\nkey = 7', /must have the keys cert and key/],
    ['[[tls.certificates]]\ncert = "a"\nkey = "b"\nname = "c"', /must have the keys cert and key/],
    ['[tls]\ncertificates = "a.pem"', /must have the keys cert and key/],
    [
      `${two}[tls]\ncert = "c.pem"`.replace("[tls]", "[tls.x]"),
      /^\[tls\] in a.toml: unknown key "x": /,
    ],
    ['[tls]\ncert = "a"\n[[tls.certificates]]\ncert = "a"\nkey = "b"', /excludes cert and key/],
    ['tls-cert = "a"\n[[tls.certificates]]\ncert = "a"\nkey = "b"', /tls-cert is given twice/],
    ["[tls]\nversion = 3", /^\[tls\] in a.toml: unknown key "version": /],
  ];
  for (const [text, fault] of rows) assertMatch(faultIn(text) ?? "", fault, text);
});

Deno.test("configuration file: a number, a size, a time or a switch may be any scalar", () => {
  const toml = 'port = "80"\nmax-body = "16m"\nidle-timeout = "10s"\nlisting = 1\nspa = "yes"';
  assertEquals(valuesIn("a.toml", toml), {
    "port": ["80"],
    "max-body": ["16m"],
    "idle-timeout": ["10s"],
    "listing": ["1"],
    "spa": ["yes"],
  });
});

Deno.test("configuration file: an error names the type that a value must have", () => {
  const number = "port in a.toml must be a number, or a string with a unit";
  for (const value of ["[80]", "1979-05-27", "''"]) {
    assertEquals(faultIn(`port = ${value}`), number, value);
  }
  const string = "log in a.toml must be a string that is not empty";
  for (const text of ["log = true", "log = 5", "log = ''", "log = ['a']"]) {
    assertEquals(faultIn(text), string, text);
  }
  assertEquals(faultIn("spa = [true]"), "spa in a.toml must be true or false");
});

Deno.test("configuration file: an option that is written as a table, and one that stands in a section", () => {
  const rows = [
    [
      "[admin]\nport = 9000",
      "admin in a.toml must be a string that is not empty, and not a table: " +
      'write admin = "IP:PORT" at the top of the file, before any [section]',
    ],
    [
      'engine.type = "redis"',
      "engine in a.toml must be a string that is not empty, and not a table: " +
      'write engine = "URL" at the top of the file, before any [section]',
    ],
    [
      "port = { a = 1 }",
      "port in a.toml must be a number, or a string with a unit, and not a table: " +
      'write port = "PORT" at the top of the file, before any [section]',
    ],
    [
      "[listing]",
      "listing in a.toml must be true or false, and not a table: " +
      "write listing = true at the top of the file, before any [section]",
    ],
    [
      '[app]\nfile = "a.ts"\nport = 80',
      '[app] in a.toml: unknown key "port": port is an option of the server: ' +
      "write it at the top of the file, before any [section]",
    ],
    [
      "[channels.namespaces.chat]\nmax_channels = 5",
      '[channels.namespaces.chat] in a.toml: unknown key "max_channels": ' +
      "max-channels is an option of the server: write it at the top of the file, before any [section]",
    ],
    ["[app]\nfoo = 1", '[app] in a.toml: unknown key "foo": --help lists all options'],
    [
      '[tls]\ncertificate = "a.pem"',
      '[tls] in a.toml: unknown key "certificate": did you mean cert?',
    ],
    [
      "[channels.chat]\npresence = true",
      '[channels] in a.toml: unknown key "chat": did you mean [channels.namespaces.chat]?',
    ],
  ] as const;
  for (const [text, fault] of rows) assertEquals(faultIn(text), fault, text);
});
