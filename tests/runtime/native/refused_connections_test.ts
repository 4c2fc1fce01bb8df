/** Refused connections: their peers read to the end, and none of them stays. */

import { assertEquals } from "@std/assert";
import {
  LOOK,
  MOST_REFUSED,
  RefusedConnections,
} from "../../../runtime/native/refused_connections.ts";
import { LINGER_BURST, LINGER_SILENCE, LINGER_TIME } from "../../../runtime/net/linger.ts";
import { FakeOs } from "../../support/fake_os.ts";
import { FakeSocket, PEER_END, PEER_RESET } from "../../support/fake_socket.ts";

const ANSWER = new Uint8Array(300).fill(0x35);
const REQUEST = new Uint8Array(60_000).fill(0x47);

function bench() {
  const os = new FakeOs();
  const refused = new RefusedConnections(os);
  const refuse = () => {
    const socket = new FakeSocket();
    const descriptor = os.adopt(socket);
    os.send(descriptor, ANSWER, ANSWER.length, false);
    os.shutdownWrite(descriptor);
    refused.add(descriptor);
    return socket;
  };
  const look = (later: number = LOOK) => {
    os.now += later;
    refused.look();
  };
  return { os, refused, refuse, look };
}

/** What a peer reads: how many bytes, and then what. */
function readAll(socket: FakeSocket): [bytes: number, then: number] {
  const into = new Uint8Array(1000);
  let bytes = 0;
  for (;;) {
    const read = socket.readAsPeer(into);
    if (read <= 0) return [bytes, read];
    bytes += read;
  }
}

Deno.test("refused connections: who sends before and after the answer reads it, and is not reset", () => {
  const { refused, refuse, look } = bench();
  const socket = refuse();
  socket.sendAsPeer(REQUEST, 0, REQUEST.length);
  look();
  assertEquals(socket.sendAsPeer(REQUEST, 0, REQUEST.length), REQUEST.length);
  look();
  assertEquals([readAll(socket), refused.size], [[ANSWER.length, PEER_END], 1]);
  socket.closePeer();
  look();
  assertEquals([refused.size, Number.isNaN(socket.closedAt)], [0, false]);
  assertEquals(readAll(socket), [0, PEER_END]);
});

Deno.test("refused connections: a silent peer is gone after its time, not before", () => {
  const { os, refused, refuse, look } = bench();
  const socket = refuse();
  look(LINGER_SILENCE - LOOK);
  assertEquals(refused.size, 1);
  look();
  assertEquals([refused.size, os.openDescriptors], [0, 0]);
  assertEquals(readAll(socket), [ANSWER.length, PEER_END]);
});

Deno.test("refused connections: who sends without end is read away, and reset after its time", () => {
  const { os, refused, refuse, look } = bench();
  const socket = refuse();
  const began = os.now;
  let sent = 0;
  while (refused.size > 0) {
    sent += socket.sendAsPeer(REQUEST, 0, REQUEST.length);
    look();
  }
  assertEquals(Math.abs(os.now - began - LINGER_TIME) <= 2 * LOOK, true, `${os.now - began} ms`);
  assertEquals(sent > LINGER_BURST, true, `${sent}`);
  assertEquals(socket.sendAsPeer(REQUEST, 0, 1), PEER_RESET);
});

Deno.test("refused connections: beyond the bound the oldest goes, read away", () => {
  const { os, refused, refuse } = bench();
  const sockets = Array.from({ length: MOST_REFUSED }, refuse);
  sockets[0]!.sendAsPeer(REQUEST, 0, 100);
  refuse();
  assertEquals([refused.size, os.openDescriptors], [MOST_REFUSED, MOST_REFUSED]);
  assertEquals(readAll(sockets[0]!), [ANSWER.length, PEER_END]);
  assertEquals(Number.isNaN(sockets[1]!.closedAt), true);
  refused.closeAll();
  assertEquals([refused.size, os.openDescriptors], [0, 0]);
});

Deno.test("refused connections: two looks at once are one", () => {
  const { refuse, look } = bench();
  const socket = refuse();
  look();
  socket.sendAsPeer(REQUEST, 0, 100);
  look(LOOK - 1);
  assertEquals(socket.unread, 100);
  look(1);
  assertEquals(socket.unread, 0);
});
