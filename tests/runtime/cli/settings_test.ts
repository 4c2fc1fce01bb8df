import { assert, assertEquals } from "@std/assert";
import { parseCommandLine } from "../../../runtime/cli/command_line.ts";
import { OPTIONS } from "../../../runtime/cli/options/mod.ts";
import type { Settings } from "../../../runtime/cli/settings.ts";

/** The settings that `--check` gets, with every error; `memory`: the machine's, in bytes. */
function settings(
  args: string[],
  variables: Record<string, string> = {},
  files: Record<string, string> = {},
  memory?: number,
): Settings {
  const command = parseCommandLine({
    args: [...args, "--check"],
    variable: (name) => variables[name],
    variables: Object.keys(variables),
    cores: { count: 2 },
    readText: (path) => files[path] ?? "",
    memorySize: () => memory,
  });
  if (command.type !== "check") throw new TypeError(`no settings: ${command.type}`);
  return command.settings;
}

Deno.test("settings: the flag wins over the variable, the variable over the file, the file over the default", () => {
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

Deno.test("settings: by default all connections together may hold a quarter of the memory, and the log 16 MiB", () => {
  const [mebibyte, gibibyte] = [2 ** 20, 2 ** 30];
  const rows: [memory: number | undefined, held: number][] = [
    [8 * gibibyte, 2 * gibibyte],
    [4 * gibibyte + 4096, gibibyte],
    [100 * mebibyte, 64 * mebibyte], // the least
    [undefined, gibibyte],
  ];
  for (const [memory, held] of rows) {
    const { config } = settings([], {}, {}, memory);
    assertEquals([memory, config.limits.heldBytes, config.logBytes], [memory, held, 16 * mebibyte]);
  }
  const { config } = settings(["--max-memory", "7m", "--log-size", "3m"], {}, {}, 8 * gibibyte);
  assertEquals([config.limits.heldBytes, config.logBytes], [7 * mebibyte, 3 * mebibyte]);
});

Deno.test("settings: every option can be a flag, a variable and a key", () => {
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
      // Not every option takes an x: such an error begins with the name of the source.
      if (origins.has(flag)) assertEquals(origins.get(flag), origin);
      else assert(fault?.startsWith(called), fault);
    }
  }
});

Deno.test("settings: --config wins over its variable", () => {
  const files = { "a.toml": "port = 1", "b.json": '{"port": 2}' };
  const variables = { ASYNC_DENO_CONFIG: "a.toml" };
  assertEquals(settings([], variables, files).config.port, 1);
  assertEquals(settings(["--config", "b.json"], variables, files).config.port, 2);
});

Deno.test("settings: every error is reported at once, with the name of its source", () => {
  const { faults } = settings(
    ["0", "--prot", "1", "--max-head", "--config", "a.toml"],
    { ASYNC_DENO_MAX_BODY: "much" },
    { "a.toml": "port = 70000\nidel-timeout = 5" },
  );
  assertEquals(faults, [
    "unknown option --prot: did you mean --port 1?",
    'WORKERS must be a whole number from 1 to 256, not "0"',
    'port in a.toml must be a whole number from 0 to 65535, not "70000"',
    "--max-head needs a value",
    "ASYNC_DENO_MAX_BODY must be a size from 0 to 1GiB (bytes, or with a unit: 64k, 1.5MiB, 1g), " +
    'not "much"',
    'unknown key "idel-timeout" in a.toml: did you mean idle-timeout?',
  ]);
});

Deno.test("settings: an unknown variable with our prefix is a warning, not an error", () => {
  const variables = {
    ASYNC_DENO_MAX_CONECTIONS: "5",
    ASYNC_DENO_HOST: "::",
    ASYNC_DENO_SERVICE_HOST: "x",
    ASYNC_DENO_CHECK: "1",
    PATH: "/",
  };
  const { warnings, faults } = settings([], variables);
  assertEquals(faults, []);
  const ignored = (name: string) => `the unknown variable ASYNC_DENO_${name} is ignored`;
  assertEquals(warnings, [
    `${ignored("MAX_CONECTIONS")}: did you mean ASYNC_DENO_MAX_CONNECTIONS?`,
    `${ignored("HOST")}: did you mean ASYNC_DENO_IP?`,
    ignored("SERVICE_HOST"),
    ignored("CHECK"),
  ]);
});

Deno.test("settings: a variable that Kubernetes sets for a Service is explained", () => {
  const { faults: [fault] } = settings([], { ASYNC_DENO_PORT: "tcp://10.0.0.1:80" });
  assert(
    fault?.endsWith(
      ": Kubernetes sets it for a Service named async-deno; " +
        "set enableServiceLinks: false",
    ),
    fault,
  );
});

Deno.test("settings: a switch takes the usual words, in every place", () => {
  const words: readonly (readonly [on: string, off: string])[] = [
    ["true", "false"],
    ["yes", "no"],
    ["on", "off"],
    ["1", "0"],
    ["YES", "No"],
  ];
  for (const [text, isOn] of words.flatMap(([on, off]) => [[on, true], [off, false]] as const)) {
    const places = [
      settings(["--root=x", `--listing=${text}`]),
      settings(["--root=x"], { ASYNC_DENO_LISTING: text }),
      settings(["--root=x", "--config=a.toml"], {}, { "a.toml": `listing = "${text}"` }),
      settings(["--root=x", "--config=a.json"], {}, { "a.json": `{"listing": "${text}"}` }),
    ];
    for (const { config, faults } of places) {
      assertEquals([config.files.listing, faults], [isOn, []], text);
    }
  }
  assertEquals(settings([], { ASYNC_DENO_PROXY_PROTOCOL: "maybe" }).faults, [
    'ASYNC_DENO_PROXY_PROTOCOL must be true or false (or yes, no, on, off, 1, 0), not "maybe"',
  ]);
});

Deno.test("settings: a size and a time with a unit are the same in every place", () => {
  const places = [
    settings(["--max-body=16m", "--idle-timeout=500ms"]),
    settings([], { ASYNC_DENO_MAX_BODY: "16m", ASYNC_DENO_IDLE_TIMEOUT: "500ms" }),
    settings(["--config=a.toml"], {}, { "a.toml": "max-body = '16m'\nidle-timeout = '500ms'" }),
    settings(["--config=a.json"], {}, { "a.json": '{"max-body": "16m", "idle-timeout": "500ms"}' }),
  ];
  for (const { config: { http1, limits }, faults } of places) {
    assertEquals([http1.bodyBytes, limits.idleTime, faults], [16 * 1024 * 1024, 500, []]);
  }
});

Deno.test("settings: the file options need --root, wherever they are set", () => {
  const fault = "--spa has no effect without --root";
  assertEquals(settings([], { ASYNC_DENO_SPA: "1" }).faults, [fault]);
  assertEquals(settings(["--config=a.toml"], {}, { "a.toml": "spa = true" }).faults, [fault]);
  assertEquals(settings(["--spa"], { ASYNC_DENO_ROOT: "x" }).faults, []);
  // A file may have default values, because --check prints all of them.
  const printed = { "a.toml": 'spa = false\nfile-memory = "64MiB"' };
  assertEquals(settings(["--spa=false", "--config=a.toml"], {}, printed).faults, []);
  // Disabled for a while: the other options may stay.
  assertEquals(settings(["--access-log=off", "--access-log-format=json"]).faults, []);
});

Deno.test("settings: an admin server that other machines can reach is a warning", () => {
  const rows: [address: string, isExposed: boolean][] = [
    ["127.0.0.1:9000", false],
    ["127.1.2.3:9000", false],
    ["[::1]:9000", false],
    ["[0:0:0:0:0:0:0:1]:9000", false],
    ["[::ffff:127.0.0.1]:9000", false],
    ["0.0.0.0:9000", true],
    ["[::]:9000", true],
    ["10.0.0.1:9000", true],
    ["128.0.0.1:9000", true],
    ["[2001:db8::1]:9000", true],
  ];
  for (const [address, isExposed] of rows) {
    const { warnings, faults } = settings(["--admin", address]);
    assertEquals(faults, []);
    assertEquals(warnings.some((line) => line.startsWith("--admin ")), isExposed, address);
  }
});

Deno.test("settings: conflicts between options are reported with all other errors", () => {
  const { faults } = settings(["--tls-key", "k", "--redirect-http", "80", "--port", "x"]);
  assertEquals(faults, [
    '--port must be a whole number from 0 to 65535, not "x"',
    "--tls-key needs --tls-cert, the certificate of the key",
    "--redirect-http needs --tls-cert: without TLS there is no https address to redirect to",
  ]);
  const row = ["--tls-cert", "c", "--tls-key", "k", "--transport", "epoll", "--tls", "deno"];
  assertEquals(settings(row).faults, [
    "--tls deno needs Deno's sockets: remove --transport epoll, or use --tls openssl",
  ]);
});

Deno.test("settings: the engine's flag, variable and keys", () => {
  const files = {
    "a.toml": "[channels]\nengine = 'redis://a'\nengine_prefix = 'shop:'",
    "b.toml": "engine = 'redis://b'\n[channels]\nengine_prefix = 'shop:'",
  };
  const variables = { ASYNC_DENO_ENGINE: "redis://v" };
  const engineOf = (args: string[], variables = {}) => {
    const { config, faults } = settings(args, variables, files);
    assertEquals(faults, []);
    return [config.channels?.engine?.url, config.channels?.engine?.prefix];
  };
  const flag = ["--engine", "redis://f"];
  assertEquals(engineOf(["--config", "a.toml"]), ["redis://a", "shop:"]);
  assertEquals(engineOf(["--config", "a.toml"], variables), ["redis://v", "shop:"]);
  assertEquals(engineOf(["--config", "a.toml", ...flag], variables), ["redis://f", "shop:"]);
  assertEquals(engineOf(["--config", "b.toml"]), ["redis://b", "shop:"]);
  assertEquals(engineOf(["--channels-insecure", ...flag]), ["redis://f", "async-deno:"]);
  const faultsOf = (...args: string[]) => settings(args, {}, files).faults;
  const [conflict, ...others] = faultsOf(...flag);
  assert(conflict?.startsWith("--engine has no effect without channels"), conflict);
  assertEquals(others, []);
  const [fault, ...more] = faultsOf("--config", "a.toml", "--engine", "mqtt://a");
  assert(
    fault?.startsWith("--engine must be the address of a Redis, Valkey or NATS server"),
    fault,
  );
  assertEquals(more, []);
});

Deno.test("settings: --endpoints demo brings its channels, or says what it conflicts with", () => {
  const anonymous = "allow_anonymous_connect_without_token = true";
  const files = {
    "open.toml": `[channels]\n${anonymous}\n[channels.namespaces.chat]\npresence = true`,
    "closed.toml": "[channels]",
    "taken.toml": `[channels]\n${anonymous}\n[channels.namespaces.demo-typing]`,
  };
  const demo = ["--endpoints", "demo"];
  const read = (...args: string[]) => settings([...demo, ...args], {}, files);
  const namespaces = ["demo", "demo-people", "demo-typing"];
  const alone = read().config.channels;
  assertEquals(Object.keys(alone?.namespaces ?? {}), namespaces);
  assertEquals([alone?.allowAnonymousConnect, alone?.apiKey], [true, undefined]);
  assertEquals(alone?.options.access.subscribe.client, false);
  assertEquals(settings([]).config.channels, undefined);
  assertEquals(read("--engine", "redis://f").config.channels?.engine?.url, "redis://f");
  assertEquals(read("--engine", "redis://f").faults, []);
  const { config, faults } = read("--config", "open.toml");
  assertEquals([Object.keys(config.channels!.namespaces), faults], [["chat", ...namespaces], []]);
  const trial = read("--channels-insecure").config.channels;
  assertEquals(trial?.otherNamespaces?.presence, true);
  assertEquals(trial?.namespaces["demo-people"]?.presence, true);
  const faultOf = (file: string) => read("--config", file).faults.join("\n");
  assertEquals(
    faultOf("closed.toml").split(":")[0]?.slice(0, 77),
    "--endpoints demo needs allow_anonymous_connect_without_token = true in [chann",
  );
  assert(faultOf("taken.toml").startsWith("--endpoints demo needs the namespace demo-typing for "));
});

Deno.test("settings: a number of workers may exceed the cores, which is noted", () => {
  assertEquals(settings(["8"]).workersExcess, "more than 2 cores");
  assertEquals(settings(["2"]).workersExcess, undefined);
  assertEquals(settings([]).workersExcess, undefined);
});
