import { assertEquals } from "@std/assert";
import { requestOf } from "./requests.ts";
import { makeAppRows, makeRows } from "./rows.ts";

function requestOfRow(id: string): string {
  return requestOf(makeRows(2).find((row) => row.id === id)!, 8000);
}

Deno.test("each kind of row has its request", () => {
  const rows = [
    ["keep-alive-64", "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n"],
    ["close", "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nConnection: close\r\n\r\n"],
    ["tls-resumed", "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nConnection: close\r\n\r\n"],
    ["tls-file-100k", "GET /files/100k.bin HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n"],
  ] as const;
  for (const [id, text] of rows) assertEquals(requestOfRow(id), text);
});

Deno.test("a browser's request has 12 fields, and a POST its body", () => {
  assertEquals(requestOfRow("browser").trim().split("\r\n").length, 1 + 12);
  const [head, body] = requestOfRow("post-1k").split("\r\n\r\n");
  assertEquals(head!.split("\r\n").at(-1), "Content-Length: 1024");
  assertEquals(body!.length, 1024);
});

Deno.test("a WebSocket row has the handshake", () => {
  assertEquals(requestOfRow("rate-ws-16").includes("\r\nUpgrade: websocket\r\n"), true);
});

Deno.test("a row with an app posts 1 KiB of JSON", () => {
  const row = makeAppRows(2).find(({ id }) => id === "app-post")!;
  const [head, body] = requestOf(row, 8000).split("\r\n\r\n");
  assertEquals(head!.split("\r\n").slice(-2), [
    "Content-Type: application/json",
    "Content-Length: 1024",
  ]);
  assertEquals([body!.length, JSON.parse(body!).words.length], [1024, 142]);
});
