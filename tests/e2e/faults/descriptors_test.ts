/**
 * A server with 96 descriptors: the acceptor backs off, open connections are served, connections in the kernel's
 * backlog are accepted as others close, and the operator gets one warning.
 */

import { assert, assertEquals } from "@std/assert";
import { ask, HttpConnection } from "../../support/http_client.ts";
import { findProgram } from "../../support/process_facts.ts";
import { closePayload, OPCODE, RawWebSocket } from "../../support/raw_websocket.ts";
import { type Server, waitFor, withServer } from "../../support/server.ts";

const DESCRIPTORS = 96;
const WAITING = 20;
const REQUEST = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const PRLIMIT = findProgram("prlimit");
const MISSING = PRLIMIT === undefined ? " (skipped: no prlimit here, see package util-linux)" : "";

Deno.test({
  name:
    `descriptors: with a limit of 96 the acceptor waits for free ones, and warns once${MISSING}`,
  ignore: PRLIMIT === undefined,
  fn: () => withServer({ workers: 2 }, outOfDescriptors),
});

Deno.test({
  name: `descriptors: freed and taken again one at a time, there is still one warning${MISSING}`,
  ignore: PRLIMIT === undefined,
  fn: () => withServer({ workers: 2 }, oneAtATime),
});

async function outOfDescriptors(server: Server): Promise<void> {
  await limitDescriptors(server);
  using open = new DisposableStack();
  const served = await openUntilFull(server, open);
  const waiting = Array.from({ length: WAITING }, () => ask(server, REQUEST));
  // Connected by the kernel, not accepted yet; open connections are not affected.
  for (const socket of served) await expectEcho(socket);
  assertEquals(descriptorsInUse(server.pid), DESCRIPTORS);
  const leaving = served.splice(0, served.length / 2);
  for (const socket of leaving) await closeCleanly(socket);
  for (const answer of await Promise.all(waiting)) assertEquals(answer.text, "ok");
  for (const socket of served) await expectEcho(socket);
  for (const socket of served) await closeCleanly(socket);
  const { code, stderr } = await server.stop();
  assertEquals([code, stderr.match(/cannot accept/g)?.length], [0, 1], stderr);
  assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
}

async function oneAtATime(server: Server): Promise<void> {
  await limitDescriptors(server);
  using open = new DisposableStack();
  const served = await openUntilFull(server, open);
  for (const socket of served.splice(0, 5)) {
    await closeCleanly(socket);
    // It holds the freed descriptor until the next one has its own.
    const next = open.use(await HttpConnection.open(server));
    await next.send(REQUEST.replace("close", "keep-alive"));
    assertEquals((await next.answer()).text, "ok");
  }
  for (const socket of served) await closeCleanly(socket);
  const { code, stderr } = await server.stop();
  assertEquals([code, stderr.match(/cannot accept/g)?.length], [0, 1], stderr);
}

/** Limits the running process: as `prlimit --nofile=96` before the start, but Deno needs more to start. */
async function limitDescriptors(server: Server): Promise<void> {
  const args = [`--pid=${server.pid}`, `--nofile=${DESCRIPTORS}:${DESCRIPTORS}`];
  const { success, stderr } = await new Deno.Command(PRLIMIT!, { args }).output();
  assert(success, new TextDecoder().decode(stderr));
}

/** Opens WebSockets until the server has no descriptor for another. */
async function openUntilFull(server: Server, open: DisposableStack): Promise<RawWebSocket[]> {
  const sockets: RawWebSocket[] = [];
  await waitFor(async () => {
    // One descriptor is reserved by the waiting accept4, and becomes the last connection's. A worker that still loads has some for
    // a moment: so they are counted before each connection.
    while (descriptorsInUse(server.pid) < DESCRIPTORS) {
      sockets.push(open.use(await RawWebSocket.open(server, "/echo")));
    }
    return server.stderr.includes("cannot accept");
  }, { what: "the warning" });
  assert(sockets.length > 10, `${sockets.length} connections within ${DESCRIPTORS} descriptors`);
  return sockets;
}

/** Descriptors with numbers below the limit; higher ones that were open before stay open. */
function descriptorsInUse(pid: number): number {
  const names = [...Deno.readDirSync(`/proc/${pid}/fd`)].map(({ name }) => Number(name));
  return names.filter((descriptor) => descriptor < DESCRIPTORS).length;
}

/** Completes the close handshake: then the server's descriptor is free. */
async function closeCleanly(socket: RawWebSocket): Promise<void> {
  await socket.send({ opcode: OPCODE.close, payload: closePayload(1000) });
  await socket.connection.rest();
  await socket.connection.closeWrite();
}

async function expectEcho(socket: RawWebSocket): Promise<void> {
  await socket.send({ opcode: OPCODE.text, payload: "served" });
  assertEquals(new TextDecoder().decode((await socket.frame()).payload), "served");
}
