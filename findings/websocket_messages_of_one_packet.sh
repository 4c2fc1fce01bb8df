#!/usr/bin/env bash
# WebSocket clients and messages that arrive in one packet, read one after the other: `const { data } = await once(socket, "message")`.
#
# A guess: each message has a turn of its own, as the WebSocket standard says (a task for each), so what is awaited sees each of them; so it
# is in Deno and Bun. undici, with it the WebSocket of Node itself, and `ws` dispatch the messages of a packet within one turn: whoever
# waits for the next one after each gets the first and loses the others, depending on how the network cuts the stream. `ws` also
# dispatches what came together with the server's handshake before `await once(socket, "open")` goes on, so all of it is lost; undici only
# loses what follows the first. Nothing is lost with a listener that was there from the beginning, or with `allowSynchronousEvents: false`
# of `ws`. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

deno=2.9.6
bun=1.4.5

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ws@8.23.0 undici@8.13.1 node@24.21.0 "bun@$bun" "deno@$deno" >/dev/null
export PATH="$folder/node_modules/.bin:$PATH"
cat >read.mjs <<'JS'
import process from "node:process";

const [name, url] = process.argv.slice(2);
const { WebSocket } = name === "native" ? globalThis : await import(name.split(",")[0]);
const options = name.endsWith("asynchronous") ? [{ allowSynchronousEvents: false }] : [];
const once = (socket, type) => new Promise((resolve) => socket.addEventListener(type, resolve, { once: true }));
const socket = new WebSocket(url, ...options);
socket.addEventListener("close", () => setTimeout(() => process.exit(), 100));
await once(socket, "open");
for (;;) process.stdout.write((await once(socket, "message")).data);
JS
cat >packets.mjs <<'JS'
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createServer } from "node:net";

setTimeout(() => process.exit(2), 180_000); // if something of this has changed
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const messages = Buffer.from("\x81\x01a\x81\x01b\x81\x01c", "latin1");
const close = Buffer.from("\x88\x02\x03\xe8", "latin1");
/** A server that sends three messages at once, with its handshake or a moment later. */
async function start(isWithHandshake) {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", async (request) => {
      const key = /sec-websocket-key: (.*)\r/i.exec(String(request))[1];
      const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      const handshake = Buffer.from(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
          `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      if (isWithHandshake) socket.write(Buffer.concat([handshake, messages]));
      else {
        socket.write(handshake);
        await pause(500);
        socket.write(messages);
      }
      await pause(500);
      socket.end(close);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `ws://127.0.0.1:${server.address().port}/`;
}
const [later, together] = [await start(false), await start(true)];
/** What a client reads. */
async function read(runtime, name, url) {
  const options = runtime === "deno" ? ["run", "--quiet", "--no-check", "-A"] : [];
  const client = spawn(`node_modules/.bin/${runtime}`, [...options, "read.mjs", name, url], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  for await (const piece of client.stdout) text += piece;
  return text || "nothing";
}
const rows = [
  ["node", "native", "a", "a"],
  ["node", "undici", "a", "a"],
  ["node", "ws", "a", "nothing"],
  ["node", "ws, asynchronous", "abc", "abc"],
  ["deno", "native", "abc", "abc"],
  ["bun", "native", "abc", "abc"],
];
let result = 0;
for (const [runtime, name, ...expected] of rows) {
  const seen = [await read(runtime, name, later), await read(runtime, name, together)];
  console.log(`${runtime}, ${name}: ${seen[0]} of abc, and with the handshake ${seen[1]}`);
  if (String(seen) !== String(expected)) result = 1;
}
process.exit(result);
JS
echo "node $(node --version), deno $deno, bun $bun"
node packets.mjs
