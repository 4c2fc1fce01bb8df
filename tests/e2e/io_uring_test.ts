/**
 * The same answers with io_uring and without it, which of both is used, and what a client that does not read changes.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { openIoUring } from "../../runtime/os/mod.ts";
import { withAdmin } from "../support/admin.ts";
import { HttpConnection } from "../support/http_client.ts";
import { Metrics } from "../support/metrics.ts";
import { runServer, type Server } from "../support/server.ts";
import { OVER_DENO_TRANSPORT } from "../support/suite_transport.ts";
import { OVER_TLS } from "../support/suite_tls.ts";
import "../support/load_libc.ts";

const CLIENTS = 64;
const ROUNDS = 50;

/** Whether a server can use it here: the suite may run over another transport. */
function isPossible(): boolean {
  if (OVER_DENO_TRANSPORT || OVER_TLS) return false;
  const opened = openIoUring();
  if (typeof opened === "string") return false;
  opened.close();
  return true;
}

const POSSIBLE = isPossible();

/** All clients ask at the same time, round after round; each gets the answer to its own request. */
async function exchange(server: Server): Promise<void> {
  using stack = new DisposableStack();
  const clients: HttpConnection[] = [];
  for (let i = 0; i < CLIENTS; i++) clients.push(stack.use(await HttpConnection.open(server)));
  for (let round = 0; round < ROUNDS; round++) {
    const bodies = clients.map((_, i) => `${round} ${i} ${"x".repeat(i * round)}`);
    await Promise.all(clients.map((client, i) => {
      const length = bodies[i]!.length;
      return client.send(
        `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${bodies[i]}`,
      );
    }));
    const answers = await Promise.all(clients.map((client) => client.answer()));
    assertEquals(answers.map(({ text }) => text), bodies);
  }
}

for (const choice of ["auto", "off"]) {
  const isUsed = choice === "auto" && POSSIBLE;

  Deno.test(`io_uring: with --io-uring ${choice} every client gets its own answers`, () =>
    withAdmin({ workers: 1, args: ["--io-uring", choice] }, async (server, adminUrl) => {
      await exchange(server);
      const metrics = await Metrics.of(adminUrl);
      assertEquals(metrics.sum("async_deno_io_uring"), isUsed ? 1 : 0);
      assertEquals(metrics.sum("async_deno_joint_sends_total") > 0, isUsed);
      const line = isUsed ? /io_uring: used/ : /io_uring: not used: /;
      assertMatch(await server.log(), line);
    }));

  Deno.test(`io_uring: --check says whether it is used: ${choice}`, async () => {
    const { code, stdout } = await runServer(["--io-uring", choice, "--check"]);
    assertEquals(code, 0);
    const used = choice === "auto"
      ? /\n# io_uring: (used|not used: .+)\n/
      : /\n# io_uring: not used: --io-uring off\n/;
    assert(used.test(stdout), stdout);
  });
}
