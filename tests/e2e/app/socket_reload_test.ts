/**
 * A newer copy of an app under open WebSockets and connected clients of channels: they stay, and the new copy has their next event.
 */

import { assertEquals } from "@std/assert";
import { Centrifuge } from "npm:centrifuge@5.8.0";
import { AppFolder } from "../../support/app_folder.ts";
import { NodeSocket } from "../../support/node_socket.ts";
import { waitFor, withServer } from "../../support/server.ts";
import { WsClient } from "../../support/ws_client.ts";

const APP = (word: string) => `
  export default {
    fetch: (request, server) => {
      if (new URL(request.url).pathname === "/ws") server.upgrade(request, { data: { count: 0 } });
    },
    websocket: {
      open: (ws) => void ws.subscribe("room"),
      message: (ws, text) => void ws.send("${word} " + ++ws.data.count + " " + ws.isSubscribed("room")),
    },
    channels: { connect: () => ({}), rpc: () => "${word}" },
  };
`;

Deno.test("app reload: WebSockets and clients of channels stay, and their next event goes to the new copy", async () => {
  using folder = new AppFolder({ "app.js": APP("old"), "server.toml": "[channels]\n" });
  const args = ["--app", folder.file("app.js"), "--config", folder.file("server.toml")];
  await withServer({ workers: 2, args }, async (server) => {
    await using socket = await WsClient.open(`${server.wsUrl}/ws`);
    const client = new Centrifuge(`${server.wsUrl}/connection/websocket`, {
      websocket: NodeSocket,
    });
    try {
      client.connect();
      await client.ready();
      const ask = async () => {
        socket.send("?");
        return [await socket.nextText(), (await client.rpc("any", {})).data];
      };
      assertEquals(await ask(), ["old 1 true", "old"]);
      folder.write("app.js", APP("new"));
      server.kill("SIGHUP");
      await waitFor(() => server.stdout.includes("reloaded: "), { what: "the reload" });
      await waitFor(async () => (await client.rpc("any", {})).data === "new", {
        what: "the new copy",
      });
      const [first] = await ask();
      await waitFor(async () => String((await ask())[0]).startsWith("new"), {
        what: "the new copy",
      });
      // The data of the socket, and its topics, are what they were.
      assertEquals(/^(old|new) 2 true$/.test(String(first)), true, String(first));
    } finally {
      client.disconnect();
    }
  });
});
