/**
 * The log fails while the server runs: the server keeps serving, and the operator gets one warning,
 * however many threads there are and however often they fail.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ask } from "../../support/http_client.ts";
import { isFile } from "../../support/is_file.ts";
import { hold, type Server, startServer, waitFor, withServer } from "../../support/server.ts";

const WORKERS = 4;
const CLIENTS = 32;
const ROUNDS = 3;
/** Longer than the tenth of a second for which lines may be buffered: each round is written separately. */
const FLUSHED_MS = 300;
const REQUEST = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

Deno.test("log faults: on a full disk the lines are lost with one warning, and the server keeps serving", async () => {
  // Not by withServer: it prints the log after a failure, and reading /dev/full never ends.
  await using server = await startServer({ workers: WORKERS, log: "/dev/full" });
  try {
    for (let round = 0; round < ROUNDS; round++) {
      await expectService(server);
      await hold(FLUSHED_MS);
    }
    await waitFor(() => server.stderr.includes("cannot write the log"), { what: "the warning" });
  } finally {
    await server.stop();
  }
  const { code, stderr } = await server.exit;
  assertEquals(code, 0);
  // One warning while it serves; at the end the count of lost lines: five for each client's connection.
  const lines = stderr.trimEnd().split("\n");
  assertEquals(lines.length, 2, stderr);
  assertStringIncludes(lines[0]!, "no space left on device (ENOSPC)");
  const lost = Number(/^async-deno: (\d+) lines of the log dropped/.exec(lines[1]!)?.[1]);
  assert(lost >= ROUNDS * CLIENTS * 5, stderr);
});

Deno.test("log faults: a deleted log file causes no warning", () =>
  withServer({ workers: WORKERS }, async (server) => {
    await expectService(server);
    await server.waitForLog("route=/healthz");
    await Deno.remove(server.logFile);
    await expectService(server);
    await hold(FLUSHED_MS);
    await expectService(server);
    const { code, stderr } = await server.stop();
    assertEquals([code, stderr], [0, ""]);
    assert(!isFile(server.logFile), "the log was opened again");
  }));

Deno.test("log faults: a log whose folder was deleted causes no warning", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  await withServer({ workers: 2, log: `${folder}/deep.log` }, async (server) => {
    await expectService(server);
    await Deno.remove(folder, { recursive: true });
    await expectService(server);
    assertEquals((await server.stop()).code, 0);
  });
});

async function expectService(server: Server): Promise<void> {
  const answers = await Promise.all(Array.from({ length: CLIENTS }, () => ask(server, REQUEST)));
  for (const answer of answers) assertEquals(answer.text, "ok");
}
