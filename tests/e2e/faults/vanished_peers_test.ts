/**
 * Peers that vanish silently: their process is stopped by SIGSTOP, so that neither FIN nor RST ever comes and
 * the kernel acknowledges for them. The timers close them, and other connections are not affected.
 */

import { assert, assertEquals } from "@std/assert";
import { HttpConnection } from "../../support/http_client.ts";
import { countSockets } from "../../support/process_facts.ts";
import { type Frame, OPCODE, RawWebSocket } from "../../support/raw_websocket.ts";
import { type Server, waitFor, withServer } from "../../support/server.ts";
import { PeerProcess } from "./peer_process.ts";

const REQUEST = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

/** What vanishes, how many, and the flags whose timer has to close them. */
const CASES: readonly (readonly [kind: string, count: number, flags: readonly string[]])[] = [
  ["readers", 4, ["--write-timeout", "2.5"]],
  ["echoes", 4, ["--write-timeout", "2.5"]],
  ["pongs", 50, ["--ping-interval", "0.5", "--pong-timeout", "1.5"]],
];

const NAMES: Readonly<Record<string, string>> = {
  readers: "--write-timeout closes HTTP peers that are stopped while they read an answer",
  echoes: "--write-timeout closes WebSockets that sent without reading and are stopped",
  pongs: "--pong-timeout closes 50 idle WebSockets that are stopped",
};

for (const [kind, count, args] of CASES) {
  Deno.test(`vanished peers: ${NAMES[kind]}; other connections continue`, () =>
    withServer({ workers: 2, args }, async (server) => {
      using http = await HttpConnection.open(server);
      using webSocket = await RawWebSocket.open(server, "/echo");
      await expectService(http, webSocket);
      const before = countSockets(server.pid);
      await using peers = new PeerProcess("vanishing_peers.ts", [kind, server.port, count]);
      await peers.waitForLine("ready");
      peers.pause();
      assert(countSockets(server.pid) > before, "the server closed them before they vanished");
      await waitForSockets(server, before, () => expectService(http, webSocket));
      assert(peers.isPaused, "the peers have not vanished but ended");
      await expectService(http, webSocket);
    }));
}

/** Waits until the server has `wanted` sockets; the other connections are served meanwhile. */
async function waitForSockets(
  server: Server,
  wanted: number,
  meanwhile: () => Promise<void>,
): Promise<void> {
  await waitFor(async () => {
    await meanwhile();
    return countSockets(server.pid) <= wanted;
  }, { what: () => `${countSockets(server.pid)} sockets to become ${wanted}` });
}

/** Checks one request and one message. */
async function expectService(http: HttpConnection, webSocket: RawWebSocket): Promise<void> {
  await http.send(REQUEST);
  assertEquals((await http.answer()).text, "ok");
  await webSocket.send({ opcode: OPCODE.text, payload: "still here" });
  const echo = await nextMessage(webSocket);
  assertEquals(new TextDecoder().decode(echo.payload), "still here");
}

/** The next frame that is not a ping; pings are answered. */
async function nextMessage(webSocket: RawWebSocket): Promise<Frame> {
  let frame = await webSocket.frame();
  while (frame.opcode === OPCODE.ping) {
    await webSocket.send({ opcode: OPCODE.pong, payload: frame.payload });
    frame = await webSocket.frame();
  }
  return frame;
}
