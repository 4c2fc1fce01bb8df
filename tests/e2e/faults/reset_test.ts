/**
 * RST from the peer in every phase of a connection, above all during an answer: nothing leaks and no other
 * connection is affected. resetting_peer.ts makes sure that no FIN is sent before.
 */

import { assertEquals } from "@std/assert";
import { ask, HttpConnection } from "../../support/http_client.ts";
import { countDescriptors, LATE_DESCRIPTORS } from "../../support/process_facts.ts";
import { encodeFrame, handshakeRequest, OPCODE } from "../../support/raw_websocket.ts";
import { waitFor, withServer } from "../../support/server.ts";
import { ResettingPeer } from "./resetting_peer.ts";

const RESETS = 40;
const MEBIBYTE = 1024 * 1024;
const REQUEST = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
const EXPECTING = "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n";
const MESSAGE = encodeFrame({ opcode: OPCODE.binary, payload: new Uint8Array(MEBIBYTE) });

/** How to reach each phase; reading a byte shows that the server has reached it too. */
const PHASES: readonly (readonly [phase: string, reach: (peer: ResettingPeer) => void])[] = [
  ["before a byte", () => {}],
  ["an idle kept connection", (peer) => {
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
  ["during an answer, with more requests queued", (peer) => {
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
  ["a WebSocket message being sent", (peer) => {
    peer.send(handshakeRequest("/echo"));
    peer.readByte();
    for (let i = 0; i < 4; i++) peer.send(MESSAGE);
  }],
];

for (const [phase, reach] of PHASES) {
  Deno.test(`reset: a reset in this phase leaks nothing: ${phase}`, () =>
    withServer({ workers: 2 }, async (server) => {
      using witness = await HttpConnection.open(server);
      await expectOk(witness);
      const descriptors = countDescriptors(server.pid);
      for (let i = 0; i < RESETS; i++) {
        using peer = new ResettingPeer(server);
        reach(peer);
      }
      await waitFor(() => countDescriptors(server.pid) <= descriptors + LATE_DESCRIPTORS, {
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
