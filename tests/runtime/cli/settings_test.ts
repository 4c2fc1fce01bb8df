import { assert, assertEquals } from "@std/assert";
import { parseCommandLine } from "../../../runtime/cli/command_line.ts";
import { OPTIONS } from "../../../runtime/cli/options/mod.ts";
import type { Settings } from "../../../runtime/cli/settings.ts";

/** What `--check` is told of: the settings with everything that is wrong. */
function settings(
  args: string[],
  variables: Record<string, string> = {},
  files: Record<string, string> = {},
): Settings {
  const command = parseCommandLine({
    args: [...args, "--check"],
    variable: (name) => variables[name],
    variables: Object.keys(variables),
    cores: 2,
    readText: (path) => files[path] ?? "",
  });
  if (command.type !== "check") throw new TypeError(`no settings: ${command.type}`);
  return command.settings;
}

Deno.test("settings: the flag wins over the variable, that over the file, and that over the default", () => {
  const files = { "a.toml": "port = 1\nworkers = 11\nmax-head = 1111\nlog = 'file'" };
  const variables = { ASYNC_DENO_PORT: "2", ASYNC_DENO_WORKERS: "22", ASYNC_DENO_MAX_HEAD: "2222" };
  const args = ["--port", "3", "--workers", "33", "--config", "a.toml"];
  const { config, origins, faults } = settings(["44", ...args], variables, files);
  assertEquals(faults, []);
  const { workers, port, http1, log, hostname } = config;
  assertEquals([workers, port, http1.headBytes, log, hostname], [44, 3, 2222, "file", "0.0.0.0"]);
  assertEquals([...origins], [
    ["workers", "WORKERS"],
    ["port", "--port"],
    ["log", "a.toml"],
    ["max-head", "ASYNC_DENO_MAX_HEAD"],
  ]);
});

Deno.test("settings: every option can stand in each of the four places", () => {
  for (const option of OPTIONS) {
    const { flag, choices: [choice] } = option;
    const [value = choice ?? String(option.range?.[0] ?? "x")] = option.valuesOf(
      settings([]).config,
    );
    const typed = option.value === undefined || option.range ? value : JSON.stringify(value);
    const name = `ASYNC_DENO_${flag.toUpperCase().replaceAll("-", "_")}`;
    const rows: [origin: string, called: string, Settings][] = [
      [`--${flag}`, `--${flag}`, settings([`--${flag}=${value}`])],
      [name, name, settings([], { [name]: value })],
      [
        "a.toml",
        `${flag} in a.toml`,
        settings(["--config=a.toml"], {}, {
          "a.toml": `${flag} = ${typed}`,
        }),
      ],
    ];
    assertEquals(settings([]).origins.has(flag), false, flag);
    for (const [origin, called, { origins, faults: [fault] }] of rows) {
      // Not every option takes an x; that one is told by the name of the place. Others want company.
      if (origins.has(flag)) assertEquals(origins.get(flag), origin);
      else assert(fault?.startsWith(called), fault);
    }
  }
});

Deno.test("settings: the file is named by a variable too, and the flag wins", () => {
  const files = { "a.toml": "port = 1", "b.json": '{"port": 2}' };
  const variables = { ASYNC_DENO_CONFIG: "a.toml" };
  assertEquals(settings([], variables, files).config.port, 1);
  assertEquals(settings(["--config", "b.json"], variables, files).config.port, 2);
});

Deno.test("settings: everything that is wrong is told at once, by the name of its place", () => {
  const { faults } = settings(
    ["0", "--prot", "1", "--max-head", "--config", "a.toml"],
    { ASYNC_DENO_MAX_BODY: "much" },
    { "a.toml": "port = 70000\nidel-timeout = 5" },
  );
  assertEquals(faults, [
    "unknown option --prot: did you mean --port?",
    'WORKERS is a whole number from 1 to 256, not "0"',
    'port in a.toml is a whole number from 0 to 65535, not "70000"',
    "--max-head needs a value",
    'ASYNC_DENO_MAX_BODY is a whole number from 0 to 1073741824, not "much"',
    'unknown key "idel-timeout" in a.toml: did you mean idle-timeout?',
  ]);
});

Deno.test("settings: a variable that begins like ours and is none is noted, and no fault", () => {
  const variables = {
    ASYNC_DENO_MAX_CONECTIONS: "5",
    ASYNC_DENO_SERVICE_HOST: "x",
    ASYNC_DENO_CHECK: "1",
    PATH: "/",
  };
  const { notes, faults } = settings([], variables);
  assertEquals(faults, []);
  assertEquals(notes, [
    "the variable ASYNC_DENO_MAX_CONECTIONS sets nothing: did you mean ASYNC_DENO_MAX_CONNECTIONS?",
    "the variable ASYNC_DENO_SERVICE_HOST sets nothing",
    "the variable ASYNC_DENO_CHECK sets nothing",
  ]);
});

Deno.test("settings: what cannot be together is told beside all else, by the names of the options", () => {
  const { faults } = settings(["--tls-key", "k", "--redirect-http", "80", "--port", "x"]);
  assertEquals(faults, [
    '--port is a whole number from 0 to 65535, not "x"',
    "--tls-key needs --tls-cert, the certificate of the key",
    "--redirect-http needs --tls-cert: there is no https to send anybody to",
  ]);
  const row = ["--tls-cert", "c", "--tls-key", "k", "--transport", "epoll"];
  assertEquals(settings(row).faults, ["--transport epoll has no TLS: leave it out, or name deno"]);
});
