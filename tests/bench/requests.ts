/**
 * The requests that the load generators send.
 *
 * In: a row and a port. Out: the bytes of one request as text. Called by load_client.ts, which passes it to
 * wrk or exchange, so both send the same.
 */

import { type ChannelsWire, publishBody, publishHead } from "./channels_wire.ts";
import { type HttpMode, JSON_BODY, pathOf, type Row } from "./rows.ts";

/** 1 KiB. */
const BODY = "0123456789abcdef".repeat(64);

/** The fields of Chromium 120 to the server of a page: 12 including Host, which is not among them. */
export const BROWSER_FIELDS: readonly string[] = [
  "Connection: keep-alive",
  'sec-ch-ua: "Not_A Brand";v="8", "Chromium";v="120"',
  "sec-ch-ua-mobile: ?0",
  'sec-ch-ua-platform: "Linux"',
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "Sec-Fetch-Site: same-origin",
  "Sec-Fetch-Mode: cors",
  "Sec-Fetch-Dest: empty",
  "Accept-Encoding: gzip, deflate, br",
  "Accept-Language: en-US,en;q=0.9",
];

// RFC 6455 section 4.1.
const UPGRADE = [
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
];

const FIELDS: Readonly<Record<HttpMode, readonly string[]>> = {
  get: [],
  pipeline: [],
  close: ["Connection: close"],
  resume: ["Connection: close"],
  browser: BROWSER_FIELDS,
  post: ["Content-Type: application/octet-stream", `Content-Length: ${BODY.length}`],
};

const JSON_FIELDS = ["Content-Type: application/json", `Content-Length: ${JSON_BODY.length}`];

/** The request of a row; for WebSocket rows the handshake. `wire`: of the peer, to publish. */
export function requestOf(row: Row, port: number, wire?: ChannelsWire): string {
  if (row.work === "publish" && wire !== undefined) {
    const body = publishBody(wire);
    return publishHead(wire, port, body.length) + body;
  }
  const mode = "mode" in row ? row.mode : undefined;
  const isJson = row.work === "app" && mode === "post";
  const fields = isJson ? JSON_FIELDS : mode === undefined ? UPGRADE : FIELDS[mode];
  const body = mode === "post" ? isJson ? JSON_BODY : BODY : "";
  const line = `${mode === "post" ? "POST" : "GET"} ${pathOf(row)} HTTP/1.1`;
  const head = [line, `Host: 127.0.0.1:${port}`, ...fields].join("\r\n");
  return `${head}\r\n\r\n${body}`;
}
