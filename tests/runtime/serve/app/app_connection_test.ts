/** The order of an app's WebSocket events, without a server. */

import { assertEquals } from "@std/assert";
import { TEXT } from "../../../../protocol/mod.ts";
import { AppConnection } from "../../../../runtime/serve/app/app_connection.ts";
import type { AppWebSocketHandlers } from "../../../../runtime/serve/app/app_web_socket_handlers.ts";
import type { Topics } from "../../../../runtime/serve/app/topics.ts";
import type { WebSocketPeer } from "../../../../runtime/serve/session/mod.ts";

/** What the handlers of a socket are told: `open`, while which a message comes, and `close`. */
async function eventsOf(open: NonNullable<AppWebSocketHandlers["open"]>): Promise<unknown[]> {
  const events: unknown[] = [];
  const payload = new TextEncoder().encode("early");
  const peer = {
    isOpen: true,
    opcode: TEXT,
    payload,
    payloadStart: 0,
    payloadEnd: payload.length,
    closeCode: 1006,
    closeReason: "",
    close: (code: number) => {
      events.push(`closes ${code}`);
      Object.assign(peer, { isOpen: false, closeCode: code });
    },
  } as unknown as WebSocketPeer;
  const connection = new AppConnection({
    handlers: {
      open,
      message: (_, message) => void events.push(message),
      close: (_, code) => void events.push(code),
    },
    topics: {} as Topics,
    publishesToSelf: false,
    report: (what) => void events.push(what),
    reportKept: () => {},
  }, { data: null, remoteAddress: "" });
  connection.opened(peer);
  await connection.message(peer);
  connection.closed(peer);
  return events;
}

Deno.test("app connection: what comes while open runs is for a socket that is set up alone", async () => {
  assertEquals(await eventsOf(() => Promise.resolve()), ["early", 1006]);
  const failed = ["websocket.open", "closes 1011", 1011];
  assertEquals(await eventsOf(() => Promise.reject(new Error("open failed"))), failed);
  const closes = async (socket: { close(code: number): void }) => {
    await undefined;
    socket.close(4000);
  };
  assertEquals(await eventsOf(closes), ["closes 4000", 4000]);
});

Deno.test("app connection: messages wait while the channels go over, if the socket goes on in the new server and the app has topics", () => {
  const connection = (move: AppWebSocketHandlers["move"], isUsed = true) =>
    new AppConnection({
      handlers: move === undefined ? {} : { move },
      topics: { isUsed } as Topics,
      publishesToSelf: false,
      report: () => {},
      reportKept: () => {},
    }, { data: null, remoteAddress: "" });
  assertEquals([true, undefined].map((move) => connection(move).isFreezable), [true, false]);
  assertEquals(connection(true, false).isFreezable, false);
});
