/**
 * What Hono's users take from the server: WebSockets of its adapter for Deno, the client's address, work after the answer. Its routes are in
 * samples_test.ts, and in the tests of frameworks.
 */

import { assertEquals } from "@std/assert";
import { NO_NPM, startSample } from "../../support/sample_runners.ts";
import { waitFor } from "../../support/wait_for.ts";
import { WsClient } from "../../support/ws_client.ts";

Deno.test({
  name: `app, Hono: WebSockets of hono/deno, c.env and c.executionCtx${NO_NPM}`,
  ignore: NO_NPM !== "",
  fn: async () => {
    const app = "tests/support/apps/hono_sockets.js";
    await using running = await startSample(app, "async-deno", [], 1);
    const { url } = running;
    const text = async (path: string) => await (await fetch(url + path)).text();
    assertEquals(await text("/address"), "127.0.0.1");
    assertEquals(await text("/late"), "now");
    const client = await WsClient.open(`${url.replace("http", "ws")}/ws`);
    assertEquals(await client.nextText(), "welcome");
    client.send("hello");
    assertEquals(await client.nextText(), "you said hello");
    await client.close(4000, "bye");
    const events = async () => JSON.parse(await text("/events"));
    await waitFor(async () => (await events()).length === 2, { what: "the close" });
    assertEquals(await events(), ["late", "closed with 4000"]);
    assertEquals(await text("/ws"), "404 Not Found");
  },
});
