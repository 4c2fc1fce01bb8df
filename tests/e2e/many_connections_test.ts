/**
 * A thousand open WebSockets with HTTP requests at the same time: all are served, none is dropped, and after
 * they have closed the process has no more descriptors than before.
 */

import { assertEquals } from "@std/assert";
import { ask } from "../support/http_client.ts";
import { connectionsPerEpoll, countDescriptors } from "../support/process_facts.ts";
import { closeCodeOf, closePayload, OPCODE, RawWebSocket } from "../support/raw_websocket.ts";
import { type Server, waitFor, withServer } from "../support/server.ts";

const CONNECTIONS = 1_000;
const AT_ONCE = 50;

Deno.test("many connections: a thousand WebSockets are served and leak no descriptor", () =>
  withServer({ workers: 4 }, async (server) => {
    await askHealth(server);
    const before = await settledDescriptors(server);
    const open: RawWebSocket[] = [];
    try {
      await inGroups(async () => open.push(await RawWebSocket.open(server, "/echo")));
      assertEquals(watchedConnections(server), CONNECTIONS);
      for (let i = 0; i < 20; i++) await askHealth(server);
      await inGroups((i) => expectEcho(open[i]!, `first ${i}`));
      await askHealth(server);
      await inGroups((i) => expectEcho(open[i]!, `second ${i}`));
      // Half of them send a close frame, the others vanish.
      await inGroups((i) => i % 2 === 0 ? expectClose(open[i]!) : Promise.resolve());
    } finally {
      open.forEach((socket) => socket[Symbol.dispose]());
    }
    await waitFor(() => watchedConnections(server) === 0, {
      what: () => `${watchedConnections(server)} connections to become none`,
    });
    await waitFor(() => countDescriptors(server.pid) <= before, {
      what: () => `${countDescriptors(server.pid)} descriptors to become ${before}`,
    });
    await askHealth(server);
  }));

Deno.test("many connections: five thousand short connections leak no descriptor", () =>
  withServer({ workers: 4 }, async (server) => {
    await askHealth(server);
    const before = await settledDescriptors(server);
    for (let i = 0; i < 5; i++) await inGroups(() => askHealth(server));
    await waitFor(() => countDescriptors(server.pid) <= before, {
      what: () => `${countDescriptors(server.pid)} descriptors to become ${before}`,
    });
  }));

/** Runs `each` for 0 to 999, a group at a time. */
async function inGroups(each: (index: number) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < CONNECTIONS; start += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => each(start + i)));
  }
}

async function expectEcho(socket: RawWebSocket, payload: string): Promise<void> {
  await socket.send({ opcode: OPCODE.text, payload });
  assertEquals(new TextDecoder().decode((await socket.frame()).payload), payload);
}

async function expectClose(socket: RawWebSocket): Promise<void> {
  await socket.send({ opcode: OPCODE.close, payload: closePayload(1000) });
  assertEquals(closeCodeOf(await socket.frame()), 1000);
}

async function askHealth(server: Server): Promise<void> {
  const answer = await ask(
    server,
    "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  );
  assertEquals(answer.text, "ok");
}

/** How many connections the workers' event loops hold: some of the process's descriptors are Deno's own and vary. */
function watchedConnections(server: Server): number {
  return connectionsPerEpoll(server.pid, server.port).reduce((sum, each) => sum + each, 0);
}

/** The descriptor count after every connection so far has closed, which the log shows. */
async function settledDescriptors(server: Server): Promise<number> {
  await server.waitForLog("[epoll] removing closed fd=");
  return countDescriptors(server.pid);
}
