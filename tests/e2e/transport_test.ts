/**
 * The Deno transport without libc, as on systems other than Linux: without the permission to call it.
 * And the errors of the option.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ask, HttpConnection } from "../support/http_client.ts";
import { runServer, startServer, waitFor, withServer } from "../support/server.ts";
import { WsClient } from "../support/ws_client.ts";

const REQUEST = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
/** For main.ts from source: the executable's permissions are compiled in. */
const FROM_SOURCE = Deno.env.get("ASYNC_DENO_EXECUTABLE") === undefined;
/** Runs the command line that follows without the permission to call libc. */
const WITHOUT_FFI = [
  "sh",
  "-c",
  `for a; do shift; test "$a" = --allow-ffi || set -- "$@" "$a"; done; exec "$@"`,
  "sh",
];

if (FROM_SOURCE) {
  Deno.test({
    name: "transport: without libc the server serves, logs and stops as usual",
    fn: () =>
      withServer(
        { workers: 2, args: ["--transport", "deno"], through: WITHOUT_FFI },
        async (server) => {
          assertEquals((await ask(server, REQUEST)).text, "ok");
          await using socket = await WsClient.open(`${server.wsUrl}/echo`);
          socket.send("hello");
          assertEquals(await socket.nextText(), "hello");
          await server.waitForLog("route=/healthz");
          const moved = `${server.logFile}.1`;
          await Deno.rename(server.logFile, moved);
          server.kill("SIGHUP");
          const reopened = () =>
            Deno.stat(server.logFile).then(({ isFile }) => isFile, () => false);
          await waitFor(reopened, { what: "a new log file" });
          await ask(server, REQUEST);
          await server.waitForLog("route=/healthz");
          const { code, stderr } = await server.stop();
          assertEquals([code, stderr, (await socket.closed).code], [0, "", 1001]);
        },
      ),
  });
}

if (FROM_SOURCE) {
  Deno.test({
    name: "transport: without libc a folder is served, and nothing outside of it",
    fn: async () => {
      const top = await Deno.makeTempDir({ prefix: "async-deno-test-" });
      try {
        await Deno.mkdir(`${top}/site/sub`, { recursive: true });
        await Deno.writeTextFile(`${top}/secret`, "secret");
        await Deno.symlink("../secret", `${top}/site/out`);
        const large = crypto.getRandomValues(new Uint8Array(60_000));
        await Deno.writeFile(
          `${top}/site/sub/large`,
          new Uint8Array([...large, ...large, ...large]),
        );
        await Deno.writeTextFile(`${top}/site/index.html`, "<p>hello");
        const args = ["--transport", "deno", "--root", `${top}/site`, "--listing"];
        await withServer({ workers: 1, args, through: WITHOUT_FFI }, async (server) => {
          const get = (path: string) => ask(server, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
          assertEquals((await get("/")).text, "<p>hello");
          assertEquals((await get("/out")).status, 404);
          assertStringIncludes((await get("/sub/")).text, "large");
          const body = (await get("/sub/large")).body;
          assertEquals([body.length, body.slice(120_000)], [180_000, large]);
        });
      } finally {
        await Deno.remove(top, { recursive: true });
      }
    },
  });
}

Deno.test("transport: a port in use is an error on both transports, though workers share theirs", async () => {
  await using server = await startServer({ workers: 2, args: ["--transport", "deno"] });
  for (const transport of ["deno", "epoll"]) {
    const args = ["1", "127.0.0.1", String(server.port), "--log", "off", "--transport", transport];
    const { code, stderr } = await runServer(args);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "is in use");
  }
  assertEquals((await ask(server, REQUEST)).text, "ok");
});

Deno.test("transport: an unknown name is an error that lists the transports", async () => {
  const { code, stderr } = await runServer(["--transport", "tcp"]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, "--transport must be one of auto, epoll, deno");
});

Deno.test("transport: all workers get connections", () =>
  withServer({ workers: 4, args: ["--transport", "deno"] }, async (server) => {
    const workers = new Set<number>();
    // The connection numbers in the log are those of their worker, modulo four.
    for (let i = 0; i < 64; i++) {
      using connection = await HttpConnection.open(server);
      await connection.send(REQUEST);
      await connection.answer();
    }
    const log = await server.waitForLog("removing closed", 64);
    for (const [, number] of log.matchAll(/ACCEPT\] fd=(\d+)/g)) workers.add(Number(number) % 4);
    assert(workers.size === 4, `workers ${[...workers]}`);
  }));
