/**
 * Checks that a server does the same work as the others.
 *
 * In: a running server, a row, the page's bytes. Out: nothing, or an Error that states how its response
 * differs. Called by the harness once before a server is measured in a row. wsload itself checks WebSocket
 * echoes, with the first message of each connection.
 */

import { ask, originOf } from "./ask.ts";
import { SITE } from "./paths.ts";
import { BROWSER_FIELDS } from "./requests.ts";
import { isFanOutRow, isFileRow, isWebSocketRow, JSON_BODY, pathOf, type Row } from "./rows.ts";

const ECHOED = new TextEncoder().encode("0123456789abcdef".repeat(64));

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  // A loop, because every() takes seconds for a hundred million bytes.
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

async function wantedOf(row: Row, page: Uint8Array): Promise<Uint8Array> {
  if (isFileRow(row)) return await Deno.readFile(`${SITE}files/${row.file.name}`);
  if (row.work === "echo") return ECHOED;
  if (row.work === "app") return new TextEncoder().encode(row.answer);
  return row.work === "page" ? page : new TextEncoder().encode("ok");
}

function initOf(row: Row): { method?: string; body?: BodyInit; headers?: Record<string, string> } {
  if (row.work === "echo") return { method: "POST", body: ECHOED };
  if (row.work !== "app") return {};
  if (row.mode === "post") return { method: "POST", body: JSON_BODY };
  const language = BROWSER_FIELDS.at(-1)!.split(": ");
  return { headers: Object.fromEntries([language]) };
}

/**
 * Sends the row's request to a server and compares the response.
 *
 * @throws Error if status, body, Date or Content-Type is not as expected
 */
export async function checkSameWork(port: number, row: Row, page: Uint8Array): Promise<void> {
  // Their clients check what they get.
  if (isWebSocketRow(row) || isFanOutRow(row) || row.work === "publish") return;
  const init = initOf(row);
  const response = await ask(originOf(row.work, port) + pathOf(row), init);
  const body = await response.bytes();
  const wanted = await wantedOf(row, page);
  if (response.status !== 200) throw new Error(`answers with status ${response.status}`);
  if (!equal(body, wanted)) throw new Error(`sends ${body.length} different bytes`);
  if (!response.headers.has("date")) throw new Error("answers without a Date");
  const isText = row.work === "small" || row.work === "log" || row.work === "tls";
  if (isText && !response.headers.get("content-type")?.startsWith("text/plain")) {
    throw new Error("answers without Content-Type: text/plain");
  }
}
