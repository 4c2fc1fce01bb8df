/**
 * RST from the peer in every phase of a connection, in mid-answer above all: nothing stays behind and
 * nobody else notices. That no FIN went ahead is resetting_peer.ts's care.
 */

import { assertEquals } from "@std/assert";
import { ask, HttpConnection } from "../../support/http_client.ts";
import { countDescriptors } from "../../support/process_facts.ts";
import { encodeFrame, handshakeRequest, OPCODE } from "../../support/raw_websocket.ts";
import { waitFor, withServer } from "../../support/server.ts";
import { ResettingPeer } from "./resetting_peer.ts";

const RESETS = 20;
const MEBIBYTE = 1024 * 1024;
const REQUEST = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
const EXPECTING = "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n";
const MESSAGE = encodeFrame({ opcode: OPCODE.binary, payload: new Uint8Array(MEBIBYTE) });

/** How to come to each phase; a byte that is read says that the server is there too. */
const PHASES: readonly (readonly [phase: string, reach: (peer: ResettingPeer) => void])[] = [
  ["before a byte", () => {}],
  ["a kept connection that waits", (peer) => {
    peer.send(REQUEST);
    peer.readByte();
  }],
  ["half a head", (peer) => {
    peer.send(REQUEST + REQUEST.slice(0, 20));
    peer.readByte();
  }],
  ["half a body", (peer) => {
    peer.send(`${EXPECTING}Content-Length: 100\r\n\r\n`);
    peer.readByte();
    peer.send("x".repeat(50));
  }],
  ["half a chunk", (peer) => {
    peer.send(`${EXPECTING}Transfer-Encoding: chunked\r\n\r\n`);
    peer.readByte();
    peer.send("40\r\nhalf of it");
  }],
  ["mid-answer", (peer) => {
    const size = 8 * MEBIBYTE;
    peer.send(`POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
    peer.send(new Uint8Array(size));
    peer.readByte();
  }],
  ["mid-answer, with more requests behind", (peer) => {
    peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(200));
    peer.readByte();
  }],
  ["a WebSocket's handshake", (peer) => {
    peer.send(handshakeRequest("/echo"));
    peer.readByte();
  }],
  ["half a frame", (peer) => {
    peer.send(handshakeRequest("/echo"));
    peer.readByte();
    peer.send(MESSAGE.subarray(0, MEBIBYTE / 2));
  }],
  ["a WebSocket's message on its way out", (peer) => {
    peer.send(handshakeRequest("/echo"));
    peer.readByte();
    for (let i = 0; i < 4; i++) peer.send(MESSAGE);
  }],
];

for (const [phase, reach] of PHASES) {
  Deno.test(`reset: ${phase}`, () =>
    withServer({ workers: 2 }, async (server) => {
      using witness = await HttpConnection.open(server);
      await expectOk(witness);
      const descriptors = countDescriptors(server.pid);
      for (let i = 0; i < RESETS; i++) {
        using peer = new ResettingPeer(server);
        reach(peer);
      }
      await waitFor(() => countDescriptors(server.pid) <= descriptors, {
        what: () => `${countDescriptors(server.pid)} descriptors to become ${descriptors}`,
      });
      await expectOk(witness);
      assertEquals((await ask(server, REQUEST)).text, "ok");
    }));
}

async function expectOk(connection: HttpConnection): Promise<void> {
  await connection.send(REQUEST);
  assertEquals((await connection.answer()).text, "ok");
}
