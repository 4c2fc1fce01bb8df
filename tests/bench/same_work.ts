/**
 * Whether a server does the same work as the others.
 *
 * In: a server that is up, a row, the page's bytes. Out: nothing, or an Error that says in what its
 * answer differs. Called by the harness once before a server is measured in a row. WebSocket echoes are
 * checked by wsload itself, on the first message of each connection.
 */

import { PATHS, type Row } from "./rows.ts";

const ECHOED = new TextEncoder().encode("0123456789abcdef".repeat(64));

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/**
 * Asks a server for the row's answer and compares it.
 *
 * @throws Error when status, body or Date is not as wanted
 */
export async function checkSameWork(port: number, row: Row, page: Uint8Array): Promise<void> {
  if (row.work === "websocket") return;
  const init: RequestInit = row.work === "echo" ? { method: "POST", body: ECHOED } : {};
  const response = await fetch(`http://127.0.0.1:${port}${PATHS[row.work]}`, {
    ...init,
    // Else fetch asks for compression, which wrk does not.
    headers: { "accept-encoding": "identity", connection: "close" },
  });
  const body = await response.bytes();
  const wanted = { small: new TextEncoder().encode("ok"), echo: ECHOED, page }[row.work];
  if (response.status !== 200) throw new Error(`answers ${response.status}`);
  if (!equal(body, wanted)) throw new Error(`answers ${body.length} other bytes`);
  if (!response.headers.has("date")) throw new Error("answers without a Date");
  if (row.work === "small" && !response.headers.get("content-type")?.startsWith("text/plain")) {
    throw new Error("answers without Content-Type: text/plain");
  }
}
