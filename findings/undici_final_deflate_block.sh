#!/usr/bin/env bash
# Compressed WebSocket messages that end with a final DEFLATE block, as a server writes them that finishes the compression of
# each message (Z_FINISH) instead of flushing it. RFC 7692 allows it (section 7.2.3.4), between other messages, too.
#
# A guess: a client reads them, or it closes the connection with an error. `ws` and Bun read them. undici, and with it Node's own
# WebSocket, reads the first one; after that each compressed message arrives as an empty text, those without a final block and
# with server_no_context_takeover, too. There is no error, and the connection stays open; only what is not compressed still
# arrives whole. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 bun@1.4.5 ws@8.23.0 undici@8.13.1 >/dev/null
cat >final.mjs <<'JS'
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { createServer } from "node:net";
import process from "node:process";
import { constants, deflateRawSync } from "node:zlib";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const frame = (first, payload) => Buffer.concat([Buffer.from([first, payload.length]), payload]);
/** A message whose last block is final, with the octet that stands for the next block. */
const finished = (text) => frame(0xc1, Buffer.concat([deflateRawSync(text), Buffer.from([0])]));
const flushed = (text) => {
  const bytes = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH });
  return frame(0xc1, bytes.subarray(0, -4)); // an empty block ends it, whose last four octets are left out
};
const plain = (text) => frame(0x81, Buffer.from(text));
const messages = [flushed("one"), finished("two"), finished("three"), flushed("four"), plain("five")];

/** What a client receives of the messages, with these extensions in the answer. */
async function received(WebSocket, extensions) {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (head) => {
      const key = /sec-websocket-key: (\S+)/i.exec(String(head))[1];
      const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
          `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Extensions: ${extensions}\r\n\r\n`,
      );
      socket.write(Buffer.concat(messages));
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const socket = new WebSocket(`ws://127.0.0.1:${server.address().port}/`);
  const texts = [];
  await new Promise((resolve) => {
    socket.onmessage = ({ data }) => texts.push(data || "empty") === messages.length && resolve();
    socket.onclose = resolve;
    socket.onerror = () => texts.push("error");
  });
  socket.close();
  return texts.join(" ");
}

const all = "one two three four five";
const emptied = "one two empty empty five";
const clients = "Bun" in globalThis ? [[`bun ${Bun.version}`, WebSocket, all]] : [
  ["ws 8.23.0", (await import("ws")).WebSocket, all],
  ["undici 8.13.1", (await import("undici")).WebSocket, emptied],
  [`node ${process.version}`, WebSocket, emptied],
];
let result = 0;
for (const [name, client, expected] of clients) {
  for (const parameters of ["", "; server_no_context_takeover"]) {
    const seen = await received(client, `permessage-deflate${parameters}`);
    console.log(`${name}, permessage-deflate${parameters}: ${seen}`);
    if (seen !== expected) result = 1;
  }
}
process.exit(result);
JS
result=0
npx node final.mjs || result=1
npx bun final.mjs || result=1
exit $result
