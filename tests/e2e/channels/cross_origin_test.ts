/**
 * CORS of the endpoints of channels over HTTP, and of nothing else.
 */

import { assertEquals } from "@std/assert";
import { parseOriginPattern } from "../../../protocol/mod.ts";
import { ChannelServer } from "../../support/channel_server.ts";
import "../../support/load_libc.ts";

const FRIEND = "https://app.friend.example";
const FOREIGN = "https://elsewhere.example";
const ORIGINS = [parseOriginPattern("*.friend.example")!];

/** Each endpoint, with a request that is answered whatever the channels have. */
const REQUESTS:
  readonly (readonly [method: string, path: string, body: string | null, status: number])[] = [
    ["GET", "/connection/sse", null, 400],
    ["POST", "/connection/http_stream", "nonsense", 200],
    ["POST", "/emulation", "{", 400],
    ["GET", "/channels/sse", null, 400],
    ["GET", "/channels/sse?channel=closed:a", null, 403],
    ["HEAD", "/channels/sse?channel=chat:a", null, 200],
    ["GET", "/channels/history?channel=chat:a", null, 200],
  ];

/** Status, allowed origin, and Vary. */
async function ask(
  server: ChannelServer,
  [method, path, body]: (typeof REQUESTS)[number],
  origin?: string,
): Promise<[number, string | null, string | null]> {
  const headers: Record<string, string> = origin === undefined ? {} : { origin };
  const response = await fetch(`${server.httpUrl}${path}`, { method, body, headers });
  await response.body?.cancel();
  const { status, headers: fields } = response;
  return [status, fields.get("access-control-allow-origin"), fields.get("vary")];
}

async function preflight(server: ChannelServer, path: string, origin: string, method: string) {
  const headers = {
    origin,
    "access-control-request-method": method,
    "access-control-request-headers": "content-type",
  };
  const response = await fetch(`${server.httpUrl}${path}`, { method: "OPTIONS", headers });
  await response.body?.cancel();
  const { status, headers: fields } = response;
  const names = ["origin", "methods", "headers"];
  return [status, ...names.map((name) => fields.get(`access-control-allow-${name}`))];
}

Deno.test("channels: without --origin no answer has fields of CORS, and pages of other origins are refused", async () => {
  await using server = await ChannelServer.start();
  for (const request of REQUESTS) {
    const [, path, , status] = request;
    assertEquals(await ask(server, request), [status, null, null], path);
    assertEquals(await ask(server, request, server.httpUrl), [status, null, null], path);
    assertEquals(await ask(server, request, FRIEND), [403, null, null], path);
  }
  assertEquals(await preflight(server, "/emulation", FRIEND, "POST"), [204, null, null, null]);
});

Deno.test("channels: pages of the origins of --origin may read every answer, also a refusal", async () => {
  await using server = await ChannelServer.start(undefined, { origins: ORIGINS });
  for (const request of REQUESTS) {
    const [, path, , status] = request;
    assertEquals(await ask(server, request), [status, null, "Origin"], path);
    assertEquals(await ask(server, request, server.httpUrl), [status, null, "Origin"], path);
    assertEquals(await ask(server, request, FRIEND), [status, FRIEND, "Origin"], path);
    assertEquals(await ask(server, request, FOREIGN), [403, null, "Origin"], path);
  }
});

Deno.test("channels: preflights are answered for allowed origins, and by these endpoints alone", async () => {
  await using server = await ChannelServer.start(undefined, { origins: ORIGINS });
  const sendable = "Authorization, Cache-Control, Content-Type, Last-Event-ID";
  for (const [method, path] of REQUESTS) {
    const methods = path.startsWith("/channels/") ? "GET, HEAD" : method;
    assertEquals(await preflight(server, path, FRIEND, method), [204, FRIEND, methods, sendable]);
    assertEquals(await preflight(server, path, FOREIGN, method), [204, null, null, null]);
  }
  const response = await fetch(`${server.httpUrl}/channels/sse`, { method: "OPTIONS" });
  assertEquals([response.status, response.headers.get("allow")], [204, "GET, HEAD, OPTIONS"]);
  assertEquals((await preflight(server, "/echo", FRIEND, "POST")).slice(1), [null, null, null]);
});
