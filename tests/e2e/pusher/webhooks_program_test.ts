/** Webhooks of the program, by its configuration file: `--check`, an upgrade, and a stop by a signal. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import PusherClientClass from "npm:pusher-js@8.6.0";
import { isAlive } from "../../support/process_facts.ts";
import { PUSHER_SECRET, type PusherTestClient, subscribedTo } from "../../support/pusher_server.ts";
import { runServer, startServer } from "../../support/server.ts";
import { OVER_TLS } from "../../support/suite_tls.ts";
import { OVER_DENO_TRANSPORT } from "../../support/suite_transport.ts";
import { waitFor } from "../../support/wait_for.ts";
import { WebhookReceiver } from "../../support/webhook_receiver.ts";

/** The package has types for bundlers alone. */
const Client = PusherClientClass as unknown as new (
  key: string,
  options: unknown,
) => PusherTestClient;

const ENV = { APP_SECRET: PUSHER_SECRET };

async function writeConfig(url: string): Promise<string> {
  const path = await Deno.makeTempFile({ prefix: "async-deno-test-", suffix: ".toml" });
  await Deno.writeTextFile(
    path,
    `[pusher.apps.shop]
id = "1"
key = "shop-key"
secret_variable = "APP_SECRET"
[[pusher.apps.shop.webhooks]]
url = "${url}"
events = ["channel_occupied", "channel_vacated"]
`,
  );
  return path;
}

Deno.test("webhooks: --check names what is wrong with an address", async () => {
  const path = await writeConfig("example.com/hook");
  try {
    const { code, stderr } = await runServer(["--check", "--config", path], ENV);
    assert(code !== 0);
    assertStringIncludes(stderr, "[pusher.apps.shop.webhooks 1]");
    assertStringIncludes(stderr, "url must be an address that begins with https:// or http://");
  } finally {
    await Deno.remove(path);
  }
});

Deno.test({
  name:
    "webhooks: an upgrade tells what the new server's clients occupy, and not that the old one's left",
  // Deno's sockets have no upgrades, and this client speaks no TLS.
  ignore: OVER_DENO_TRANSPORT || OVER_TLS,
  fn: async () => {
    await using receiver = WebhookReceiver.start("shop-key", PUSHER_SECRET);
    const path = await writeConfig(receiver.url);
    const args = ["--config", path, "--upgrade-spread", "1s"];
    const server = await startServer({ workers: 2, args, env: ENV });
    const client = new Client("shop-key", {
      cluster: "",
      wsHost: "127.0.0.1",
      wsPort: Number(new URL(server.url).port),
      forceTLS: false,
      enabledTransports: ["ws"],
    });
    let pid = server.pid;
    try {
      await subscribedTo(client, "orders");
      await waitFor(() => receiver.events.length === 1, { what: "the channel" });
      const first = client.connection.socket_id;
      const errors: string[] = [];
      client.connection.bind("error", (error) => void errors.push(JSON.stringify(error)));
      Deno.kill(pid, "SIGUSR2");
      const upgraded = /upgraded: process (?<pid>\d+) serves/;
      const successor = await waitFor(() => upgraded.exec(server.stdout)?.groups?.["pid"], {
        what: () => `an upgrade\n${server.stdout}${server.stderr}`,
      });
      pid = Number(successor);
      await waitFor(() => receiver.events.length === 2, { what: "the same channel there" });
      assertEquals(receiver.told, ["channel_occupied orders", "channel_occupied orders"]);
      assertMatch(
        errors.join(),
        /^\{"type":"PusherError","data":\{"code":4200,/,
        "it comes back at once",
      );
      assert(client.connection.socket_id !== first);
      Deno.kill(pid, "SIGTERM");
      assertEquals((await server.stop()).code, 0);
      assertEquals(receiver.told.slice(2), ["channel_vacated orders"]);
    } finally {
      client.disconnect();
      if (isAlive(pid)) Deno.kill(pid, "SIGKILL");
      await Deno.remove(path);
    }
  },
});
