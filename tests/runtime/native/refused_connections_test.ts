/** Refused connections: their peers can read the whole answer, and none of them stays open. */

import { assertEquals } from "@std/assert";
import { MAX_REFUSED } from "../../../runtime/config/mod.ts";
import { POLL_INTERVAL, RefusedConnections } from "../../../runtime/native/refused_connections.ts";
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
  const poll = (later: number = POLL_INTERVAL) => {
    os.now += later;
    refused.poll();
  };
  return { os, refused, refuse, poll };
}

/** What a peer reads: the number of bytes, and the result after them. */
function readAll(socket: FakeSocket): [bytes: number, then: number] {
  const into = new Uint8Array(1000);
  let bytes = 0;
  for (;;) {
    const read = socket.readAsPeer(into);
    if (read <= 0) return [bytes, read];
    bytes += read;
  }
}

Deno.test("refused connections: a peer that sends before and after the answer reads it, and is not reset", () => {
  const { refused, refuse, poll } = bench();
  const socket = refuse();
  socket.sendAsPeer(REQUEST, 0, REQUEST.length);
  poll();
  assertEquals(socket.sendAsPeer(REQUEST, 0, REQUEST.length), REQUEST.length);
  poll();
  assertEquals([readAll(socket), refused.size], [[ANSWER.length, PEER_END], 1]);
  socket.closePeer();
  poll();
  assertEquals([refused.size, Number.isNaN(socket.closedAt)], [0, false]);
  assertEquals(readAll(socket), [0, PEER_END]);
});

Deno.test("refused connections: a silent peer is closed after its time, not before", () => {
  const { os, refused, refuse, poll } = bench();
  const socket = refuse();
  poll(LINGER_SILENCE - POLL_INTERVAL);
  assertEquals(refused.size, 1);
  poll();
  assertEquals([refused.size, os.openDescriptors], [0, 0]);
  assertEquals(readAll(socket), [ANSWER.length, PEER_END]);
});

Deno.test("refused connections: input of a peer that never stops sending is discarded, and the peer is reset after its time", () => {
  const { os, refused, refuse, poll } = bench();
  const socket = refuse();
  const began = os.now;
  let sent = 0;
  while (refused.size > 0) {
    sent += socket.sendAsPeer(REQUEST, 0, REQUEST.length);
    poll();
  }
  assertEquals(
    Math.abs(os.now - began - LINGER_TIME) <= 2 * POLL_INTERVAL,
    true,
    `${os.now - began} ms`,
  );
  assertEquals(sent > LINGER_BURST, true, `${sent}`);
  assertEquals(socket.sendAsPeer(REQUEST, 0, 1), PEER_RESET);
});

Deno.test("refused connections: beyond the limit the oldest is closed, with its input discarded", () => {
  const { os, refused, refuse } = bench();
  const sockets = Array.from({ length: MAX_REFUSED }, refuse);
  sockets[0]!.sendAsPeer(REQUEST, 0, 100);
  refuse();
  assertEquals([refused.size, os.openDescriptors], [MAX_REFUSED, MAX_REFUSED]);
  assertEquals(readAll(sockets[0]!), [ANSWER.length, PEER_END]);
  assertEquals(Number.isNaN(sockets[1]!.closedAt), true);
  refused.closeAll();
  assertEquals([refused.size, os.openDescriptors], [0, 0]);
});

Deno.test("refused connections: polls in quick succession count as one", () => {
  const { refuse, poll } = bench();
  const socket = refuse();
  poll();
  socket.sendAsPeer(REQUEST, 0, 100);
  poll(POLL_INTERVAL - 1);
  assertEquals(socket.unread, 100);
  poll(1);
  assertEquals(socket.unread, 0);
});
