/**
 * Peers that send FIN in every phase and stay: the server closes its side by itself, so that a peer that never
 * closes holds no resources. tests/e2e/half_close_test.ts checks what is answered.
 */

import { assertEquals } from "@std/assert";
import { ask } from "../../support/http_client.ts";
import { countDescriptors, LATE_DESCRIPTORS } from "../../support/process_facts.ts";
import { encodeFrame, handshakeRequest, OPCODE } from "../../support/raw_websocket.ts";
import { waitFor, withServer } from "../../support/server.ts";
import { RawPeer } from "./raw_peer.ts";

const PEERS = 40;
const REQUEST = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
const LARGE = 4 * 1024 * 1024;
const UPGRADE = handshakeRequest("/echo");

/** What is sent before the FIN, and whether the peer waits for the first byte of an answer before it. */
interface Phase {
  readonly before: readonly (string | Uint8Array)[];
  readonly answered: boolean;
}

const PHASES: Readonly<Record<string, Phase>> = {
  "before a byte": { before: [], answered: false },
  "in a request line": { before: ["GE"], answered: false },
  "in a head": { before: [REQUEST.slice(0, 25)], answered: false },
  "in a body": {
    before: ["POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1"],
    answered: false,
  },
  "in a chunk": {
    before: ["POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n1"],
    answered: false,
  },
  "after an answer": { before: [REQUEST], answered: true },
  "in a pipelined head": { before: [REQUEST + REQUEST.slice(0, 25)], answered: true },
  "in a large answer": {
    before: [
      `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${LARGE}\r\n\r\n`,
      new Uint8Array(LARGE),
    ],
    answered: true,
  },
  "on an idle WebSocket": { before: [UPGRADE], answered: true },
  "in a frame": { before: [UPGRADE, Uint8Array.of(0x81, 0x85, 1, 2)], answered: true },
  "between the frames of a message": {
    before: [UPGRADE, encodeFrame({ opcode: OPCODE.text, payload: "a", fin: false })],
    answered: true,
  },
  "after a close frame": {
    before: [UPGRADE, encodeFrame({ opcode: OPCODE.close })],
    answered: true,
  },
};

Deno.test("half-closed peers: in every phase the server closes its side, and no descriptor leaks", async (t) => {
  await withServer({ workers: 2 }, async (server) => {
    await ask(server, REQUEST.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    await server.waitForLog("[epoll] removing closed");
    const descriptors = countDescriptors(server.pid);
    for (const [name, phase] of Object.entries(PHASES)) {
      await t.step(name, async () => {
        using peers = new DisposableStack();
        for (let i = 0; i < PEERS; i++) await endHalf(peers.use(await RawPeer.open(server)), phase);
        // The peers' sockets are still open here.
        await waitFor(() => countDescriptors(server.pid) <= descriptors + LATE_DESCRIPTORS, {
          what: () => `${countDescriptors(server.pid)} descriptors to become ${descriptors}`,
        });
      });
    }
    assertEquals((await ask(server, REQUEST)).text, "ok");
  });
});

/** Brings the peer to the phase, sends FIN, and reads until the server closes. */
async function endHalf(peer: RawPeer, { before, answered }: Phase): Promise<void> {
  for (const bytes of before) await peer.send(bytes);
  if (answered) await peer.readByte();
  await peer.closeWrite();
  await peer.countRest();
}
