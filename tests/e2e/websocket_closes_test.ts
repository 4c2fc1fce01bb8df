/**
 * What ends a WebSocket, over a real socket, by the table fixtures/e2e/websocket_closes.json: the client gets
 * the right close code, then the end; and other clients of the same server are not affected.
 */

import { assertEquals } from "@std/assert";
import { type FrameNotation, readCases, type WebSocketCase } from "../support/e2e_cases.ts";
import { closeCodeOf, type FrameToSend, OPCODE, RawWebSocket } from "../support/raw_websocket.ts";
import { sharedServer } from "../support/shared_server.ts";

const ROWS = readCases<WebSocketCase>("websocket_closes");

const onServer = sharedServer("websocket closes", { workers: 2 });

onServer("every row of the table gets its close code", async (server, test) => {
  using neighbour = await RawWebSocket.open(server, "/echo");
  for (const { name, input, expect } of ROWS) {
    await test.step(name, async () => {
      using raw = await RawWebSocket.open(server, "/echo");
      for (const frame of input) await raw.send(frameOf(frame));
      assertEquals(closeCodeOf(await raw.frame()), expect.closeCode);
      await raw.connection.expectEnd();
    });
  }
  await test.step("another client is not affected", async () => {
    await neighbour.send({ opcode: OPCODE.text, payload: "still here" });
    assertEquals((await neighbour.frame()).payload.length, 10);
  });
});

onServer(
  "a message whose fragments exceed the size limit together is closed with 1009",
  async (server) => {
    using raw = await RawWebSocket.open(server, "/echo");
    const payload = new Uint8Array(1024 * 1024);
    for (let i = 0; i < 16; i++) {
      const opcode = i === 0 ? OPCODE.binary : OPCODE.continuation;
      await raw.send({ opcode, payload, fin: false });
    }
    await raw.send({ opcode: OPCODE.continuation, payload: "x" });
    assertEquals(closeCodeOf(await raw.frame()), 1009);
  },
);

onServer("a message of too many fragments is closed with 1008", async (server) => {
  using raw = await RawWebSocket.open(server, "/echo");
  await raw.send({ opcode: OPCODE.binary, fin: false });
  const rest = new Uint8Array(6 * 70_000);
  for (let i = 0; i < rest.length; i += 6) rest[i + 1] = 0x80;
  const sending = raw.connection.send(rest);
  assertEquals(closeCodeOf(await raw.frame()), 1008);
  // The server may have closed before the tail was sent.
  await sending.catch((error) => {
    if (
      !(error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe)
    ) {
      throw error;
    }
  });
});

function frameOf({ text, hex, ...frame }: FrameNotation): FrameToSend {
  if (text !== undefined) return { ...frame, payload: text };
  const pairs = hex?.match(/../g) ?? [];
  return { ...frame, payload: Uint8Array.from(pairs, (pair) => parseInt(pair, 16)) };
}
