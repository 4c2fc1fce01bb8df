/**
 * The admin server: health, readiness that fails before the server stops listening, and no answer for clients that
 * are not allowed.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import config from "../../../deno.json" with { type: "json" };
import { withAdmin } from "../../support/admin.ts";
import { ask, field } from "../../support/http_client.ts";
import { runServer, waitFor, withServer } from "../../support/server.ts";
import { connectTo } from "../../support/suite_tls.ts";

const HEALTH = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

/** The endpoint of a URL, for raw requests. */
function endpointOf(url: string) {
  const { hostname, port } = new URL(url);
  return { hostname, port: Number(port) };
}

Deno.test("admin: health and readiness answer only GET and HEAD, and are never cached", () =>
  withAdmin({ workers: 2 }, async (_server, adminUrl) => {
    for (const [path, text] of [["healthz", "ok"], ["readyz", "ready"]]) {
      const response = await fetch(`${adminUrl}/${path}`);
      assertEquals([response.status, await response.text()], [200, text]);
      assertEquals(response.headers.get("cache-control"), "no-store");
      const head = await fetch(`${adminUrl}/${path}`, { method: "HEAD" });
      assertEquals([head.status, await head.text()], [200, ""]);
      const post = await fetch(`${adminUrl}/${path}`, { method: "POST", body: "x" });
      assertEquals([post.status, post.headers.get("allow")], [405, "GET, HEAD, OPTIONS"]);
      await post.body?.cancel();
      const options = await fetch(`${adminUrl}/${path}`, { method: "OPTIONS" });
      assertEquals([options.status, options.headers.get("allow")], [204, "GET, HEAD, OPTIONS"]);
    }
    const nothing = await fetch(`${adminUrl}/nothing`);
    assertEquals([nothing.status, await nothing.text()], [404, "Not found\n"]);
  }));

Deno.test("admin: an invalid Host is 400, and OPTIONS * is answered", () =>
  withAdmin({ workers: 1 }, async (_server, adminUrl) => {
    const rows: [line: string, host: string, status: number][] = [
      ["GET /healthz", "localhost", 200],
      ["GET /healthz", "[::1]:80", 200],
      ["GET /healthz", "", 200],
      ["GET /healthz", "u@localhost", 400],
      ["GET /healthz", "localhost/..", 400],
      ["GET /healthz", "localhost?a", 400],
      ["GET /healthz", "localhost#a", 400],
      ["GET /healthz", "a:b", 400],
      ["GET /healthz", "[::1]x", 400],
      ["GET /healthz", "::1", 400],
      ["GET /healthz", "%zz", 400],
      ["GET /healthz", "a.example", 403],
      ["OPTIONS *", "localhost", 204],
      ["GET /*", "localhost", 404],
    ];
    for (const [line, host, status] of rows) {
      const request = `${line} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
      assertEquals((await ask(endpointOf(adminUrl), request)).status, status, `${line} ${host}`);
    }
  }));

Deno.test("admin: at a stop readiness fails first while the server still serves, then the server drains", () =>
  withAdmin({ workers: 2, args: ["--drain-delay", "2"] }, async (server, adminUrl) => {
    server.kill("SIGTERM");
    await waitFor(async () => {
      const response = await fetch(`${adminUrl}/readyz`);
      await response.body?.cancel();
      return response.status === 503;
    }, { what: "readiness to fail" });
    // New connections are still accepted: a client that does not know yet is served.
    assertEquals((await ask(server, HEALTH)).status, 200);
    assertEquals(await (await fetch(`${adminUrl}/healthz`)).text(), "ok");
    assertStringIncludes(await (await fetch(`${adminUrl}/metrics`)).text(), "async_deno_ready 0");
    const exit = await server.stop();
    // The second signal ended the server at once, unless the delay was already over.
    assert(exit.code === 0 || exit.code === 143, `${exit.code}`);
  }));

Deno.test("admin: readiness fails while an answer is finished, and the admin server ends with the server", () =>
  withAdmin({ workers: 1 }, async (server, adminUrl) => {
    const connection = await connectTo(server);
    const half = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab";
    await connection.write(new TextEncoder().encode(half));
    await server.waitForLog("recv request");
    server.kill("SIGTERM");
    await waitFor(async () => (await ready(adminUrl)) === 503, { what: "readiness to fail" });
    await connection.write(new TextEncoder().encode("cd"));
    const read = await new Response(connection.readable).text();
    assert(read.endsWith("abcd"), read);
    assertEquals((await server.exit).code, 0);
    await server.stop();
  }));

async function ready(adminUrl: string): Promise<number> {
  const response = await fetch(`${adminUrl}/readyz`);
  await response.body?.cancel();
  return response.status;
}

Deno.test("admin: an open page does not prevent the server from stopping", () =>
  withAdmin({ workers: 1 }, async (server, adminUrl) => {
    const events = await fetch(`${adminUrl}/events`);
    assertEquals(events.headers.get("content-type"), "text/event-stream");
    const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader();
    const first = await reader.read();
    assertStringIncludes(first.value!, "event: history\ndata: [");
    const began = performance.now();
    assertEquals((await server.stop()).code, 0);
    assert(performance.now() - began < 7_000, "the server waited for the page");
    await reader.cancel().catch(() => undefined);
  }));

Deno.test("admin: the event stream sends a sample a second, and the history to a later client", () =>
  withAdmin({ workers: 2 }, async (server, adminUrl) => {
    for (let i = 0; i < 5; i++) await ask(server, HEALTH);
    const [about, , ...samples] = await readEvents(adminUrl, [
      "server",
      "history",
      "sample",
      "sample",
    ]);
    assertEquals(about.version, config.version);
    assert(Math.abs(Date.now() / 1000 - about.startTime) < 60, `started at ${about.startTime}`);
    const gap = samples[1].time - samples[0].time;
    assert(gap > 500 && gap < 5_000, `${gap} ms between two samples`);
    assertEquals(samples[0].workers.length, 2);
    assert(samples[0].residentBytes > 10_000_000, `${samples[0].residentBytes} bytes of memory`);
    const [, history] = await readEvents(adminUrl, ["server", "history"]);
    assert(history.length >= 2, `${history.length} samples`);
  }));

/** Reads the first events of the stream, which must have these names, and returns their data. */
// deno-lint-ignore no-explicit-any -- whatever the event has
async function readEvents(adminUrl: string, names: readonly string[]): Promise<any[]> {
  const events = await fetch(`${adminUrl}/events`);
  let text = "";
  for await (const part of events.body!.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.split("\n\n").length > names.length) break;
  }
  return names.map((name, i) => {
    const [event, data] = text.split("\n\n")[i]!.split("\n");
    assertEquals(event, `event: ${name}`);
    return JSON.parse(data!.slice("data: ".length));
  });
}

Deno.test("admin: a Host of another site (DNS rebinding) is refused", () =>
  withAdmin({ workers: 1 }, async (_server, adminUrl) => {
    const endpoint = endpointOf(adminUrl);
    for (const [host, status] of [["evil.example", 403], ["localhost", 200], ["127.0.0.1", 200]]) {
      const request = `GET /metrics HTTP/1.1\r\nHost: ${host}:${endpoint.port}\r\n` +
        "Connection: close\r\n\r\n";
      const connection = await Deno.connect(endpoint);
      await connection.write(new TextEncoder().encode(request));
      const answer = await new Response(connection.readable).text();
      assertEquals(Number(answer.split(" ")[1]), status, `${host}`);
      assertEquals(answer.includes("async_deno_"), status === 200);
    }
  }));

Deno.test("admin: an invalid Host is a client error, and causes no line on stderr", () =>
  withAdmin({ workers: 1 }, async (server, adminUrl) => {
    for (const host of ["%", "[", "a b", ":::"]) {
      const connection = await Deno.connect(endpointOf(adminUrl));
      const request = `GET /metrics HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
      await connection.write(new TextEncoder().encode(request));
      const answer = await new Response(connection.readable).text();
      assertEquals(answer.split(" ")[1], "400", host);
    }
    assertEquals(server.stderr, "");
  }));

Deno.test("admin: off by default; serves on IPv6; a port in use is an error that ends the start", async () => {
  await withServer({ workers: 1 }, async (server) => {
    assert(!server.stdout.includes("Admin"));
    const answer = await ask(server, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    assertEquals([answer.status, field(answer, "content-type")], [
      404,
      "text/plain; charset=utf-8",
    ]);
  });
  await withServer({ workers: 1, args: ["--admin", "[::1]:0"] }, async (server) => {
    const url = /^Admin: (http:\/\/\[::1\]:\d+\/)$/m.exec(server.stdout)?.[1];
    assertEquals(await fetch(`${url}readyz`).then((response) => response.text()), "ready");
    const taken = `[::1]:${new URL(url!).port}`;
    const exit = await runServer(["1", "127.0.0.1", "0", "--log=off", "--admin", taken]);
    assertEquals(exit.code, 1);
    assertEquals(
      exit.stderr,
      `async-deno: cannot serve metrics on ::1 port ${new URL(url!).port}: the port is in use; ` +
        "choose another with --admin\n",
    );
  });
  for (const wrong of ["9000", "localhost:9000", "127.0.0.1:70000", "127.0.0.1", ":9000"]) {
    const exit = await runServer(["1", "127.0.0.1", "0", "--admin", wrong]);
    assertEquals(exit.code, 2, wrong);
    assertStringIncludes(exit.stderr, "--admin", wrong);
  }
});
