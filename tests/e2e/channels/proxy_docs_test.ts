/**
 * The backend of docs/channels/backend.md and the configuration beside it, as they are written there but for the port: it runs in Node and in Deno,
 * and decides what the page says.
 */

import { Centrifuge } from "npm:centrifuge@5.8.0";
import { assertEquals } from "@std/assert";
import { docsBlock } from "../../support/docs_block.ts";
import { freePort } from "../../support/free_port.ts";
import { NodeSocket } from "../../support/node_socket.ts";
import { findProgram } from "../../support/process_facts.ts";
import { startServer } from "../../support/server.ts";
import { waitFor, within } from "../../support/wait_for.ts";

const NODE = findProgram("node");
const RUNNERS: readonly (readonly [name: string, command: readonly string[] | undefined])[] = [
  ["Deno", [Deno.execPath(), "run", "--allow-net"]],
  ["Node", NODE === undefined ? undefined : [NODE]],
];

/** The first block of code in a language about the backend, with another port. */
function block(language: string, port: number): string {
  const heading = "A backend that decides";
  return docsBlock({ page: "docs/channels/backend.md", heading, language })
    .replaceAll("3000", String(port));
}

/** A client with a cookie. */
function clientOf(url: string, cookie: string): Centrifuge {
  class WithCookie extends NodeSocket {
    constructor(url: string, protocols?: string | string[]) {
      super(url, protocols, { headers: { cookie } });
    }
  }
  return new Centrifuge(url, { websocket: WithCookie });
}

for (const [name, command] of RUNNERS) {
  const title = `proxy: the backend of docs/channels/backend.md decides, in ${name}`;
  const missing = command === undefined ? " (skipped: no node here)" : "";

  Deno.test({
    name: title + missing,
    ignore: command === undefined,
    async fn() {
      const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
      const port = freePort();
      await Deno.writeTextFile(`${folder}/backend.mjs`, block("js", port));
      await Deno.writeTextFile(`${folder}/chat.toml`, block("toml", port));
      const [program = "", ...before] = command!;
      const backend = new Deno.Command(program, {
        args: [...before, `${folder}/backend.mjs`],
        stdin: "null",
        stdout: "inherit",
        stderr: "inherit",
      }).spawn();
      const clients: Centrifuge[] = [];
      try {
        await waitFor(async () => {
          const answer = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: "{}" })
            .catch(() => undefined);
          return await answer?.text() === "{}";
        }, { what: "the backend" });
        const args = ["--config", `${folder}/chat.toml`];
        await using server = await startServer({ workers: 1, args });
        const url = `${server.wsUrl}/connection/websocket`;
        const stranger = clientOf(url, "sid=2");
        clients.push(stranger);
        const refused = new Promise<number>((resolve) =>
          stranger.on("disconnected", ({ code }: { code: number }) => resolve(code))
        );
        stranger.connect();
        assertEquals(await within(refused, { what: "the refusal" }), 4501);

        const ann = clientOf(url, "sid=1");
        clients.push(ann);
        ann.connect();
        await within(ann.ready(), { what: "the connection" });
        const own = ann.newSubscription("chat:ann");
        const received: unknown[] = [];
        own.on("publication", ({ data }: { data: unknown }) => void received.push(data));
        own.subscribe();
        await within(own.ready(), { what: "the subscription" });
        await ann.publish("chat:ann", { text: "hi" });
        await waitFor(() => received.length === 1, { what: "the publication" });
        assertEquals(received, [{ text: "hi", from: "ann" }]);
        const other = ann.newSubscription("chat:bob");
        const denied = new Promise<number>((resolve) =>
          other.on("unsubscribed", ({ code }: { code: number }) => resolve(code))
        );
        other.subscribe();
        assertEquals(await within(denied, { what: "the refusal" }), 103);
      } finally {
        for (const client of clients) client.disconnect();
        backend.kill();
        await backend.status;
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}
