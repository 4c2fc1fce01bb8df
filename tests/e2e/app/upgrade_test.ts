/**
 * SIGUSR2 with an app: its WebSockets go on in the new server if it lets them, with their data and topics; the others are closed with 1012.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { appFile } from "../../support/app_server.ts";
import { Lineage } from "../../support/lineage.ts";
import { isAlive } from "../../support/process_facts.ts";
import { waitFor, withServer } from "../../support/server.ts";
import { OVER_TLS } from "../../support/suite_tls.ts";
import { OVER_DENO_TRANSPORT } from "../../support/suite_transport.ts";
import { WsClient } from "../../support/ws_client.ts";

const SILENT = `export default {
  fetch: () => new Response("no sockets"),
  websocket: { message() {} },
};`;

Deno.test({
  name:
    "app upgrade: WebSockets go on with their data and topics, also one whose handler is running",
  // TLS cannot be moved.
  ignore: OVER_DENO_TRANSPORT || OVER_TLS,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
    const file = `${folder}/app.js`;
    await Deno.copyFile(appFile("moving.js"), file);
    const args = ["--app", file, "--websocket-compression", "--upgrade-spread", "0s"];
    await withServer({ workers: 2, args }, async (server) => {
      using lineage = new Lineage(server);
      const open = (kind: string) => WsClient.open(`${server.wsUrl}/?kind=${kind}`);
      const ask = async (client: WsClient, text: string) => {
        client.send(text);
        return JSON.parse(await client.nextText());
      };
      const all = await Promise.all(["", "bytes", "", ""].map(open));
      const [ann, bytes, waits] = all as [WsClient, WsClient, WsClient, WsClient];
      const closed = await Promise.all(["refused", "date", "date"].map(open));
      assertEquals((await ask(ann, "one")).count, 1);
      for (let upgrades = 1; upgrades <= 2; upgrades++) {
        const before = lineage.pid;
        waits.send("wait");
        await lineage.upgrade();
        await waitFor(() => !isAlive(before), { what: "the end of the old server" });
        // The handler has ended in the old server, and its answer came from there.
        assertEquals(JSON.parse(await waits.nextText()).upgrades, upgrades - 1);
        assertEquals(await ask(ann, "two"), {
          kind: "",
          count: 1 + upgrades,
          upgrades,
          isMoved: true,
          message: "two",
          subscriptions: ["all"],
        });
        bytes.send(new Uint8Array([1]));
        assertEquals(await bytes.nextText(), "Uint8Array");
        // All are subscribed again, on both workers, and who publishes is left out.
        waits.send("tell everybody");
        for (const client of all.filter((one) => one !== waits)) {
          assertEquals(await client.nextText(), "tell everybody");
        }
        assertEquals((await ask(waits, "and now?")).message, "and now?");
      }
      for (const client of closed) assertEquals((await client.closed).code, 1012);
      assertStringIncludes(server.stdout, "4 connections go on in the new server");
      assertStringIncludes(server.stderr, "data.since is a Date");
      // A copy that lets none move: neither in, nor out.
      await Deno.writeTextFile(file, SILENT);
      await lineage.upgrade();
      const codes = await Promise.all(all.map(async (client) => (await client.closed).code));
      assert(codes.every((code) => code === 1012), `${codes}`);
      await lineage.stop();
    });
    await Deno.remove(folder, { recursive: true });
  },
});
