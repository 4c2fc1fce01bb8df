/**
 * SIGTERM under the load of wrk and 500 WebSockets: each WebSocket gets 1001, and every accepted request gets
 * its answer.
 *
 * "Accepted" needs a definition, because a client may send while the server's FIN is in flight
 * (RFC 9112 section 9.5), and the server never reads such a request. Four things are certainly accepted:
 *
 *   1. an answer of which a byte has arrived: the rest must arrive too;
 *   2. a request that is in the server's own log: it was read, so its answer must arrive complete, and the
 *      log's count must equal that of the answers;
 *   3. a request whose body was requested by 100 before the signal: its answer comes after the signal;
 *   4. the first request on a connection that was made before the signal, sent right after it.
 *
 * A request that was read and dropped before it was routed has no line in the log; 3 and 4 are in exactly
 * that state when the signal comes.
 *
 * What may stay unanswered is a further request on a kept connection that the server closes at the same
 * moment: it gets no byte at all, or the answer before it had `Connection: close`.
 */

import { assert, assertEquals } from "@std/assert";
import { HttpConnection } from "../../support/http_client.ts";
import { findProgram } from "../../support/process_facts.ts";
import { closeCodeOf, closePayload, OPCODE, RawWebSocket } from "../../support/raw_websocket.ts";
import { type Server, waitFor, withServer } from "../../support/server.ts";

const WEB_SOCKETS = 500;
const KEPT = 32;
const BODIES = 50;
const FRESH = 50;
const PIPELINED = 8;
const STOP_MS = 10_000;
const BODY = "0123456789";

const WRK = findProgram("wrk");
const MISSING = WRK === undefined ? " (skipped: no wrk here, see package wrk)" : "";

Deno.test({
  name:
    `stopping under load: with wrk and 500 WebSockets, every accepted request is answered${MISSING}`,
  ignore: WRK === undefined,
  fn: () => withServer({ workers: 4 }, stopUnderLoad),
});

async function stopUnderLoad(server: Server): Promise<void> {
  using wrk = startWrk(server);
  using open = new DisposableStack();
  const webSockets = await many(WEB_SOCKETS, async () => {
    return open.use(await RawWebSocket.open(server, "/echo"));
  });
  const bodies = await many(BODIES, async () => open.use(await beginBody(server)));
  const fresh = await many(FRESH, async () => open.use(await HttpConnection.open(server)));
  const counts = { answered: 0, unanswered: 0 };
  const kept = Array.from({ length: KEPT }, (_, i) => ask(server, i % 2 ? 1 : PIPELINED, counts));
  await waitFor(() => counts.answered > 2_000, { what: "two thousand answers under load" });

  const began = performance.now();
  server.kill("SIGTERM");
  await Promise.all([
    ...webSockets.map(expectGoingAway),
    ...bodies.map(expectBodyAnswered),
    ...fresh.map(expectFirstAnswered),
    ...kept,
  ]);
  const { code, stderr } = await server.exit;
  const took = performance.now() - began;
  wrk.end();
  assertEquals([code, stderr], [0, ""]);
  assert(took < STOP_MS, `the stop took ${took.toFixed()} ms`);
  const logged = (await server.log()).split("route=/kept ").length - 1;
  console.log(
    `${counts.answered} answered, ${counts.unanswered} sent too late, stop ${took.toFixed()} ms`,
  );
  assertEquals(counts.answered, logged, "answers that arrived, and requests that the server read");
}

/** 64 kept connections, until they are ended or the server has stopped. */
function startWrk(server: Server): Disposable & { end(): void } {
  const child = new Deno.Command(WRK!, {
    args: ["-t1", "-c64", "-d60", `${server.url}/healthz`],
    stdout: "null",
    stderr: "null",
  }).spawn();
  let ended = false;
  const end = () => {
    if (!ended) child.kill("SIGKILL");
    ended = true;
  };
  return { end, [Symbol.dispose]: end };
}

/** As many at a time as fit in the backlog with those of wrk. */
async function many<T>(count: number, make: () => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  while (made.length < count) {
    const group = Math.min(50, count - made.length);
    made.push(...await Promise.all(Array.from({ length: group }, make)));
  }
  return made;
}

async function expectGoingAway(socket: RawWebSocket): Promise<void> {
  assertEquals(closeCodeOf(await socket.frame()), 1001);
  await socket.send({ opcode: OPCODE.close, payload: closePayload(1001) });
  await socket.connection.expectEnd();
  // The server keeps reading for two seconds, so that no RST destroys its close frame.
  await socket.connection.closeWrite();
}

/** A request whose body the server has asked for. */
async function beginBody(server: Server): Promise<HttpConnection> {
  const connection = await HttpConnection.open(server);
  await connection.send(
    `POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: ${BODY.length}\r\n\r\n`,
  );
  assertEquals((await connection.answer()).status, 100);
  await connection.send(BODY.slice(0, 5));
  return connection;
}

async function expectBodyAnswered(connection: HttpConnection): Promise<void> {
  await connection.send(BODY.slice(5));
  const answer = await connection.answer();
  // The body may arrive before the worker sees the signal: then the answer can't have Connection: close yet.
  assertEquals(answer.text, BODY);
  await connection.expectEnd();
}

async function expectFirstAnswered(connection: HttpConnection): Promise<void> {
  await connection.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  const answer = await connection.answer();
  assertEquals(answer.text, "ok");
  await connection.expectEnd();
}

/** Sends so many requests at a time, again and again, until the server closes the connection. */
async function ask(
  server: Server,
  pipelined: number,
  counts: { answered: number; unanswered: number },
): Promise<void> {
  using connection = await HttpConnection.open(server);
  const requests = "GET /kept HTTP/1.1\r\nHost: a\r\n\r\n".repeat(pipelined);
  while (true) {
    // A write fails if the server has closed before.
    const isGone = await connection.send(requests).then(() => false, isConnectionLost);
    for (let i = 0; i < pipelined; i++) {
      if (isGone || await connection.isAtEnd()) {
        counts.unanswered += pipelined - i;
        return;
      }
      // From its first byte on it must arrive complete: otherwise answer() throws.
      assertEquals((await connection.answer()).status, 404);
      counts.answered++;
    }
  }
}

function isConnectionLost(error: unknown): true {
  const { BrokenPipe, ConnectionReset } = Deno.errors;
  if (error instanceof BrokenPipe || error instanceof ConnectionReset) return true;
  throw error;
}
