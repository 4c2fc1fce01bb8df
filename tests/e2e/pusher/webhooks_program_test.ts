/** Webhooks of the program, by its configuration file: what `--check` says of them. */

import { assert, assertStringIncludes } from "@std/assert";
import { PUSHER_SECRET } from "../../support/pusher_server.ts";
import { runServer } from "../../support/server.ts";

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
