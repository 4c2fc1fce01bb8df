/**
 * Handlers that send to other sockets: each socket gets its own bytes, one encoded frame serves many, and a peer that
 * reads too slowly is bounded.
 */

import { assert, assertEquals } from "@std/assert";
import { CONNECTION_LIMITS } from "../../runtime/config/mod.ts";
import { type HandlersServer, withHandlers } from "../support/handlers_server.ts";
import { encodeFrame, OPCODE, RawWebSocket } from "../support/raw_websocket.ts";
import { waitFor } from "../support/wait_for.ts";

const HANDLERS = new URL("../support/sending_thread.ts", import.meta.url);
const KIB = 1024;
const QUEUED_BYTES = 256 * KIB;

function sendingTest(name: string, body: (server: HandlersServer) => Promise<void>): void {
  const limits = { ...CONNECTION_LIMITS, queuedBytes: QUEUED_BYTES };
  Deno.test(`sending: ${name}`, () => withHandlers(HANDLERS, { limits }, body));
}

/** Opens `count` sockets on a path, and closes them after `use`. */
async function withSockets(
  server: HandlersServer,
  path: string,
  count: number,
  body: (sockets: readonly RawWebSocket[]) => Promise<void>,
): Promise<void> {
  const sockets: RawWebSocket[] = [];
  try {
    for (let i = 0; i < count; i++) sockets.push(await RawWebSocket.open(server, path));
    await body(sockets);
  } finally {
    for (const socket of sockets) socket[Symbol.dispose]();
  }
}

async function sendText(socket: RawWebSocket, payload: string): Promise<void> {
  await socket.send({ opcode: OPCODE.text, payload });
}

async function receiveText(socket: RawWebSocket): Promise<string> {
  const { opcode, payload } = await socket.frame();
  return `${opcode} ${new TextDecoder().decode(payload)}`;
}

async function askFor(socket: RawWebSocket, payload: string): Promise<string> {
  await sendText(socket, payload);
  return (await receiveText(socket)).slice(2);
}

sendingTest(
  "a handler that sends to another socket does not mix up the bytes of either",
  (server) =>
    withSockets(server, "/pause", 3, async ([a, b, c]) => {
      // In one segment from A: a message that makes the handler send to C, a ping, a message and a close frame.
      const frames = [
        { opcode: OPCODE.text, payload: "tell 2 hello" },
        { opcode: OPCODE.ping, payload: "A's ping" },
        { opcode: OPCODE.text, payload: "tell 1 hello" },
        { opcode: OPCODE.text, payload: "A's own" },
        { opcode: OPCODE.close, payload: Uint8Array.of(3, 232) },
      ];
      const segment = frames.flatMap((frame) => [...encodeFrame(frame)]);
      await a!.connection.send(Uint8Array.from(segment));
      assertEquals([await receiveText(a!), await receiveText(a!)], ["10 A's ping", "1 A's own"]);
      assertEquals((await a!.frame()).opcode, OPCODE.close);
      assertEquals([await receiveText(b!), await receiveText(c!)], ["1 hello", "1 hello"]);
      // And nothing follows.
      assertEquals([await askFor(b!, "b"), await askFor(c!, "c")], ["b", "c"]);
    }),
);

sendingTest(
  "one encoded frame reaches all sockets, in order with what was sent to each alone",
  (server) =>
    withSockets(server, "/pause", 20, async (sockets) => {
      const long = "news ".repeat(4000).trim();
      await sendText(sockets[0]!, "tell 7 first");
      await sendText(sockets[0]!, `all ${long}`);
      await sendText(sockets[0]!, "all short");
      await sendText(sockets[0]!, "tell 7 last");
      for (const [i, socket] of sockets.entries()) {
        const wanted = [`1 ${long}`, "1 short"];
        if (i === 7) wanted.unshift("1 first");
        if (i === 7) wanted.push("1 last");
        for (const text of wanted) {
          assertEquals(await receiveText(socket) === text, true, `socket ${i}`);
        }
      }
    }),
);

for (const path of ["/pause", "/drop"]) {
  sendingTest(
    `${path}: a peer that reads nothing is sent no more than the limit, and more after it has read`,
    (server) =>
      withSockets(server, path, 2, async ([deaf, talker]) => {
        const total = { sent: 0, queued: 0, dropped: 0 };
        const size = 16 * KIB;
        // The kernel's buffers fill first; they hold some megabytes. The queue is full once it stays full.
        let [waits, times] = [0, 0];
        for (let rounds = 0; times < 3 && rounds < 1000; rounds++) {
          const [sent, queued, dropped] = (await askFor(talker!, `push 0 50 ${size}`)).split(" ");
          total.sent += Number(sent);
          total.queued += Number(queued);
          total.dropped += Number(dropped);
          const before = waits;
          waits = Number(await askFor(talker!, "waits 0"));
          times = waits === before && waits > QUEUED_BYTES ? times + 1 : 0;
        }
        assert(total.queued > 0 && total.dropped > 0, JSON.stringify(total));
        assert(
          waits > QUEUED_BYTES && waits <= QUEUED_BYTES + 2 * size + 64 * KIB,
          `${waits} wait`,
        );
        const drained = await askFor(talker!, "drained");
        // Everything accepted arrives, and nothing else.
        for (let i = 0; i < total.sent + total.queued; i++) {
          assertEquals((await deaf!.frame()).payload.length, size);
        }
        await waitFor(
          async () => Number(await askFor(talker!, "drained")) === Number(drained) + 1,
          {
            what: "drained",
          },
        );
        assertEquals(await askFor(talker!, "waits 0"), "0");
        assertEquals(await askFor(talker!, "push 0 1 10"), "1 0 0");
        assertEquals((await deaf!.frame()).payload.length, 10);
      }),
  );
}

sendingTest(
  "/close: a peer that reads nothing is closed at the limit",
  (server) =>
    withSockets(server, "/close", 2, async ([deaf, talker]) => {
      let dropped = 0;
      for (let rounds = 0; dropped === 0 && rounds < 200; rounds++) {
        dropped = Number((await askFor(talker!, `push 0 50 ${16 * KIB}`)).split(" ")[2]);
      }
      assert(dropped > 0);
      assertEquals(await askFor(talker!, "waits 0"), "0");
      await deaf!.connection.rest().catch(() => undefined); // what the kernel's buffers held, then the end
    }),
);

sendingTest(
  "/pause: answers to a peer's own messages are all sent, and reading from it pauses meanwhile",
  (server) =>
    withSockets(server, "/pause", 1, async ([peer]) => {
      const size = 100 * KIB;
      const count = 200;
      const sending = (async () => {
        for (let i = 0; i < count; i++) await sendText(peer!, "e".repeat(size));
      })();
      for (let i = 0; i < count; i++) assertEquals((await peer!.frame()).payload.length, size);
      await sending;
    }),
);
