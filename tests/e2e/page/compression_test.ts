/** permessage-deflate with the WebSocket of a real Chromium, which ends handshakes whose answer it has not offered. */

import { assertEquals } from "@std/assert";
import { withServer } from "../../support/server.ts";
import { browserTest } from "./chromium.ts";

/** Sends texts of these lengths and returns what is negotiated, and whether each came back as it was. */
const IN_PAGE = `(async (url) => {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  await new Promise((resolve, reject) => (socket.onopen = resolve, socket.onerror = reject));
  const same = [];
  for (const length of [0, 1, 255, 256, 5000, 70000, 1000000]) {
    const text = "a text ✓ ".repeat(length).slice(0, length);
    socket.send(text);
    same.push(await new Promise((resolve, reject) => {
      socket.onmessage = ({ data }) => resolve(data === text);
      socket.onclose = ({ code }) => reject(new Error("closed with " + code));
    }));
  }
  return [socket.extensions, ...same];
})`;

browserTest(
  "page: Chromium negotiates compression, and gets every message back",
  (browser) =>
    withServer({ workers: 1, args: ["--websocket-compression"] }, async (server) => {
      const page = await (await browser.newContext()).newPage();
      await page.goto(`${server.url}/healthz`);
      const result = await page.evaluate(`${IN_PAGE}(${JSON.stringify(`${server.wsUrl}/echo`)})`);
      const negotiated =
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
      assertEquals(result, [negotiated, true, true, true, true, true, true, true]);
    }),
);
