/** Publishing on the admin page of a server that shares an engine: the clients of all servers get it, or the page says why not. */

import { assertEquals, assertMatch } from "@std/assert";
import { DEFAULT_CONFIG } from "../../../runtime/mod.ts";
import { Backend } from "../../support/channel_backend.ts";
import { connected, subscribe } from "../../support/channel_server.ts";
import { engineConfig, ENGINES, type TestEngine } from "../../support/engines.ts";
import { waitFor } from "../../support/wait_for.ts";

const CHANNEL = "chat:a";
const MONITORING = {
  ...DEFAULT_CONFIG.monitoring,
  admin: { hostname: "127.0.0.1", port: 0 },
  adminChannels: true,
};

/** A server on an engine, with an admin page. */
function serverOn(engine: TestEngine): Promise<Backend> {
  return Backend.start({ engine: engineConfig(engine) }, { monitoring: MONITORING });
}

/** Publishes as the page does. */
async function publishOnPage({ server }: Backend, data: unknown): Promise<[number, string]> {
  const { port } = server.executor.adminAddress!;
  const response = await fetch(`http://127.0.0.1:${port}/channels/publish?channel=${CHANNEL}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(data),
  });
  return [response.status, (await response.text()).trim()];
}

for (const { name, ignore, reason, start } of ENGINES) {
  Deno.test({
    name: `admin page: it publishes through the engine (${name})${reason}`,
    ignore,
    async fn() {
      await using engine = await start();
      await using first = await serverOn(engine);
      await using second = await serverOn(engine);
      const clients = [first.server.client(), second.server.client()];
      for (const client of clients) await connected(client);
      const received = await Promise.all(clients.map((client) => subscribe(client, CHANNEL)));
      assertEquals(await publishOnPage(first, 1), [200, "Published with offset 1"]);
      await second.publish(CHANNEL, 2);
      assertEquals(await publishOnPage(second, { n: 3 }), [200, "Published with offset 3"]);
      for (const { data } of received) {
        await waitFor(() => data.length === 3, { what: "3 publications" });
        assertEquals(data, [1, 2, { n: 3 }]);
      }
      const { publications } = await first.ask("history", { channel: CHANNEL, limit: 10 });
      assertEquals(publications.map(({ data }: { data: unknown }) => data), [1, 2, { n: 3 }]);
      await engine.kill();
      const [status, text] = await publishOnPage(first, 4);
      assertEquals(status, 503);
      assertMatch(text, /^Not confirmed: the engine does not answer/);
      await engine.start();
      let answer: [number, string] = [0, ""];
      await waitFor(async () => (answer = await publishOnPage(first, 5))[0] === 200, {
        what: () => `a publication after the engine came back, not ${answer.join(" ")}`,
      });
    },
  });
}
