/**
 * Options from a configuration file: a server started with it, and `--check`.
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ask } from "../support/http_client.ts";
import { runServer, withServer } from "../support/server.ts";

const HEALTH = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

async function withFile(name: string, text: string, use: (path: string) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    await Deno.writeTextFile(`${folder}/${name}`, text);
    await use(`${folder}/${name}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (
  const [name, text] of [
    ["site.toml", "max-request-line = 64\nmax-body = 3\n"],
    ["site.json", '{ "max-request-line": 64, "max-body": 3 }'],
  ] as const
) {
  Deno.test(`configuration: a server applies ${name}, and a flag wins over it`, () =>
    withFile(
      name,
      text,
      (path) =>
        withServer({ workers: 1, args: ["--config", path, "--max-body", "4"] }, async (server) => {
          assertEquals((await ask(server, HEALTH)).text, "ok");
          const long = `GET /${"a".repeat(64)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
          assertEquals((await ask(server, long)).status, 414);
          const post = (body: string) =>
            `POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
          assertEquals((await ask(server, post("four"))).status, 200);
          assertEquals((await ask(server, post("fives"))).status, 413);
        }),
    ));
}

Deno.test("configuration: --check prints the values with their sources, as a valid file", () =>
  withFile("a.toml", "port = 8081\nidle-timeout = 2.5\n", async (path) => {
    const args = ["3", "::1", "--log", "off", "--config", path, "--check"];
    const { code, stdout, stderr } = await runServer(args, { ASYNC_DENO_MAX_HEAD: "4096" });
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /^workers = 3 +# WORKERS(?:, more than .+)?$/m);
    assertMatch(stdout, /^ip = "::1" +# IP$/m);
    assertMatch(stdout, /^log = "off" +# --log$/m);
    assertMatch(stdout, /^max-head = 4096 +# ASYNC_DENO_MAX_HEAD$/m);
    assertMatch(stdout, /^max-body = 16777216 +# default$/m);
    assertStringIncludes(stdout.replaceAll(/ +#/g, " #"), `\nidle-timeout = 2.5 # ${path}\n`);
    await withFile("b.toml", stdout, async (again) => {
      const second = await runServer(["--config", again, "--check"]);
      const values = (text: string) => text.replaceAll(/ +#.*/g, "");
      assertEquals([second.code, values(second.stdout)], [0, values(stdout)]);
    });
  }));

Deno.test("configuration: --check reports every error, and exits with 2", () =>
  withFile("a.toml", "prot = 1\nlog = '/no/such/folder/log'\n", async (path) => {
    const args = ["300", "--config", path, "--check"];
    const { code, stdout, stderr } = await runServer(args, { ASYNC_DENO_PROT: "1" });
    assertEquals([code, stdout], [2, ""]);
    assertEquals(stderr.trimEnd().split("\n"), [
      "async-deno: the unknown variable ASYNC_DENO_PROT is ignored: did you mean ASYNC_DENO_PORT?",
      'async-deno: WORKERS must be a whole number from 1 to 256, not "300": did you mean --port 300?',
      `async-deno: unknown key "prot" in ${path}: did you mean port?`,
      "async-deno: --log /no/such/folder/log: its folder does not exist",
    ]);
  }));

Deno.test("configuration: a file that cannot be read is a usage error of one line", async () => {
  const { code, stdout, stderr } = await runServer(["--config", "/no/such/file.toml"]);
  assertEquals([code, stdout], [2, ""]);
  assertMatch(
    stderr,
    /^async-deno: cannot read the configuration file \/no\/such\/file.toml: .*\n$/,
  );
});

Deno.test("configuration: --check says which backend is asked, without the secret of its address; not beside an app", () =>
  withFile(
    "a.toml",
    `[channels.proxy]
connect_endpoint = "https://backend.example/connect?key=s3cret"
rpc_endpoint = "http://10.0.0.5:3000/rpc"
`,
    async (path) => {
      const { code, stdout, stderr } = await runServer(["--config", path, "--check"]);
      assertEquals(code, 0, stderr);
      const line = "# Proxy: connect by https://backend.example, rpc by http://10.0.0.5:3000\n";
      assertStringIncludes(stdout, line);
      assertEquals(stdout.includes("s3cret"), false);
      const app = path.replace("a.toml", "app.js");
      await Deno.writeTextFile(app, "export default { channels: {} }");
      const both = await runServer(["--config", path, "--app", app, "--check"]);
      assertEquals(both.code, 2);
      assertStringIncludes(both.stderr, "[channels.proxy] excludes --app");
    },
  ));
