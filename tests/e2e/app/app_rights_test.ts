/**
 * What an app may do: by default to read its own folder; with --app-allow what the operator gives. Tried with Deno's functions and Node's.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { AppFolder } from "../../support/app_folder.ts";
import { expectProgram } from "../../support/program.ts";
import { RunningProgram } from "../../support/running_program.ts";
import { runServer, type Server, waitFor, withServer } from "../../support/server.ts";
import { OVER_TLS } from "../../support/suite_tls.ts";

const APP = `import { readFileSync } from "node:fs";
import { connect } from "node:net";
import process from "node:process";
import { hostname } from "node:os";

const deeds: Record<string, (value: string) => unknown> = {
  read: (path) => Deno.readTextFileSync(path),
  nodeRead: (path) => readFileSync(path, "utf8"),
  write: (path) => Deno.writeTextFileSync(path, "written"),
  fetch: async (url) => (await fetch(url)).status,
  connect: (port) => new Promise((resolve, reject) => {
    const socket = connect(Number(port), "127.0.0.1", () => { socket.end(); resolve("connected"); });
    socket.on("error", reject);
  }),
  env: (name) => Deno.env.get(name) ?? "none",
  nodeEnv: (name) => process.env[name] ?? "none",
  ffi: () => Deno.dlopen("libc.so.6", {}).close(),
  pointer: () => void Deno.UnsafePointer.of(new Uint8Array(1)),
  run: () => new Deno.Command("true").outputSync(),
  sys: () => Deno.hostname(),
  nodeSys: () => hostname(),
  thread: () => new Promise((resolve) => {
    const code = "postMessage(Deno.permissions.querySync({ name: 'read', path: '/etc/hostname' }).state)";
    const worker = new Worker("data:text/javascript," + encodeURIComponent(code), { type: "module" });
    worker.onmessage = ({ data }) => { worker.terminate(); resolve(data); };
  }),
};

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    try {
      return new Response(String(await deeds[pathname.slice(1)]!(searchParams.get("of") ?? "")));
    } catch (error) {
      return new Response((error as Error).name, { status: 403 });
    }
  },
};
`;

/** TLS by OpenSSL goes on to use FFI, so the thread keeps it: docs/app.md says so. */
const DLOPEN = OVER_TLS ? "undefined" : "refused";

/** Whether the deed is refused, or what it gives. */
async function tried(server: Server, deed: string, of = ""): Promise<string> {
  const response = await fetch(`${server.url}/${deed}?of=${encodeURIComponent(of)}`);
  const text = await response.text();
  return response.status === 403 ? "refused" : text;
}

Deno.test("app rights: by default it may read its own folder, and nothing else", async () => {
  using folder = new AppFolder({ "app.ts": APP, "data/own.txt": "own" });
  using other = new AppFolder({ "other.txt": "other" });
  await withServer({ workers: 1, args: ["--app", folder.file("app.ts")] }, async (server) => {
    const { port } = server;
    const rows: [deed: string, of: string, result: string][] = [
      ["read", folder.file("data/own.txt"), "own"],
      ["nodeRead", folder.file("data/own.txt"), "own"],
      ["read", other.file("other.txt"), "refused"],
      ["nodeRead", other.file("other.txt"), "refused"],
      ["read", "/etc/hostname", "refused"],
      ["read", "/proc/self/environ", "refused"],
      ["write", folder.file("new.txt"), "refused"],
      ["fetch", `http://127.0.0.1:${port === 1 ? 2 : 1}/`, "refused"],
      ["connect", "22", "refused"],
      ["env", "HOME", "refused"],
      ["nodeEnv", "HOME", "refused"],
      ["env", "NODE_ENV", "none"],
      ["nodeEnv", "PORT", "none"],
      ["ffi", "", DLOPEN],
      ["pointer", "", DLOPEN],
      ["run", "", "refused"],
      ["sys", "", "refused"],
      ["nodeSys", "", "refused"],
      ["thread", "", "prompt"],
    ];
    for (const [deed, of, result] of rows) {
      assertEquals(await tried(server, deed, of), result, `${deed} ${of}`);
    }
  });
});

Deno.test("app rights: --app-allow gives what it names, and nothing beside it", async () => {
  using folder = new AppFolder({ "app.ts": APP });
  using other = new AppFolder({ "other.txt": "other" });
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  void (async () => {
    for await (const connection of listener) connection.close();
  })();
  const { port } = listener.addr;
  const allow = `read=${other.path},write=${other.path},net=127.0.0.1:${port},env=APP_*,sys`;
  const args = ["--app", folder.file("app.ts"), "--app-allow", allow];
  await withServer({ workers: 1, args, env: { APP_NAME: "name" } }, async (server) => {
    const rows: [deed: string, of: string, result: string][] = [
      ["read", other.file("other.txt"), "other"],
      ["write", other.file("new.txt"), "undefined"],
      ["write", folder.file("new.txt"), "refused"],
      ["connect", String(port), "connected"],
      ["connect", "22", "refused"],
      ["env", "APP_NAME", "name"],
      ["nodeEnv", "APP_NAME", "name"],
      ["env", "HOME", "refused"],
      ["read", "/etc/hostname", "refused"],
      ["ffi", "", DLOPEN],
    ];
    for (const [deed, of, result] of rows) {
      assertEquals(await tried(server, deed, of), result, `${deed} ${of}`);
    }
    assertEquals(await tried(server, "sys"), Deno.hostname());
    assertEquals(await tried(server, "nodeSys"), Deno.hostname());
  });
});

Deno.test("app rights: all gives everything but other programs", async () => {
  using folder = new AppFolder({ "app.ts": APP });
  const args = ["--app", folder.file("app.ts"), "--app-allow", "all"];
  await withServer({ workers: 1, args }, async (server) => {
    assertEquals(await tried(server, "write", folder.file("new.txt")), "undefined");
    assertEquals(await tried(server, "ffi"), "undefined");
    assertEquals(await tried(server, "run"), "refused");
  });
});

Deno.test(`app rights: an app that lacks one cannot be loaded, and the line says how to give it`, async () => {
  using folder = new AppFolder({ "app.ts": `Deno.env.get("SECRET");\n${APP}` });
  const { code, stderr } = await runServer([
    ...["1", "127.0.0.1", "0", "--log", "off", "--app", folder.file("app.ts")],
  ]);
  assertEquals(code, 1);
  assertMatch(stderr, /app\.ts:1: .*Requires env access to "SECRET".*--app-allow env=/);
});

for (
  const [given, expected] of [
    ["read", undefined],
    ["raed=/srv", "did you mean read?"],
    ["net=", "must be read=DIR"],
    ["all=1", "must be read=DIR"],
  ] as const
) {
  Deno.test(`app rights: the value ${given}`, async () => {
    using folder = new AppFolder({ "app.ts": "export default { fetch: () => new Response() };" });
    const args = ["--check", "--app", folder.file("app.ts"), "--app-allow", given];
    const { code, stderr } = await runServer(args);
    assertEquals(
      [code, stderr.includes(expected ?? "")],
      [expected === undefined ? 0 : 2, true],
      stderr,
    );
  });
}

Deno.test("app rights: a restricted worker still serves on a Unix socket, over Deno's sockets, and loads what a reload needs", async () => {
  using folder = new AppFolder({
    "app.ts": "export default { fetch: () => undefined };",
    "site/a.txt": "a file",
    "set.toml": "",
  });
  const config = ["--config", folder.file("set.toml")];
  folder.write("set.toml", `app = "${folder.file("app.ts")}"\n`);
  await withServer({ workers: 1, args: [...config, "--transport", "deno"] }, async ({ url }) => {
    assertEquals((await (await fetch(`${url}/healthz`)).text()).trim(), "ok");
  });
  const socket = folder.file("s.sock");
  const unix = await runningOn(socket, [...config, "--transport", "auto", "--unix", socket]);
  assertEquals(unix, "ok");
  await withServer({ workers: 1, args: config }, async (server) => {
    const missing = await fetch(`${server.url}/a.txt`);
    await missing.body?.cancel();
    assertEquals(missing.status, 404);
    await (await fetch(`${server.url}/healthz`)).text();
    folder.write("set.toml", `app = "${folder.file("app.ts")}"\nroot = "${folder.file("site")}"\n`);
    server.kill("SIGHUP");
    await waitFor(() => server.stdout.includes("reloaded"), { what: () => server.stderr });
    assertEquals(await (await fetch(`${server.url}/a.txt`)).text(), "a file");
  });
});

/** The answer of /healthz on a Unix socket. */
async function runningOn(path: string, args: readonly string[]): Promise<string> {
  await using program = RunningProgram.start(["1", "--log", "off", ...args]);
  await program.waitForLines(2);
  const curl = ["-s", "--unix-socket", path, "http://localhost/healthz"];
  return (await expectProgram("curl", curl)).trim();
}
