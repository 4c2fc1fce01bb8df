/** `[[pusher.apps.NAME.webhooks]]` in the configuration file: values, defaults, and everything that is refused. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { parseConfigFile } from "../../../../runtime/cli/config_file.ts";
import { WEBHOOK } from "../../../../runtime/config/mod.ts";

const APP = `[pusher.apps.shop]\nid = "1"\nkey = "shop-key"\nsecret_file = "s"\n`;
const HOOK = `[[pusher.apps.shop.webhooks]]\nurl = "https://a.example/hook"\n`;

function webhooks(toml: string) {
  const { channels, faults } = parseConfigFile("a.toml", toml);
  assertEquals(faults, []);
  return channels?.pusher?.[0]?.webhooks;
}

Deno.test("webhook tables: defaults, and every key", () => {
  assertEquals(webhooks(APP), []);
  assertEquals(webhooks(APP + HOOK), [{ ...WEBHOOK, url: "https://a.example/hook" }]);
  const other = `[[pusher.apps.shop.webhooks]]
    url = "http://10.0.0.5:8080/b?token=1"
    events = ["member_added", "channel_occupied"]
    timeout = "2s"
    retry_time = 60
    max_queued_events = 5
    max_queued_bytes = "1MiB"
  `;
  assertEquals(webhooks(APP + HOOK + other)?.[1], {
    url: "http://10.0.0.5:8080/b?token=1",
    events: ["channel_occupied", "member_added"],
    timeout: 2000,
    retryTime: 60_000,
    queuedEvents: 5,
    queuedBytes: 1024 * 1024,
  });
});

Deno.test("webhook tables: JSON has a list", () => {
  const shop = {
    id: "1",
    key: "k",
    secret_file: "s",
    webhooks: [{ url: "https://a.example/" }],
  };
  const { channels, faults } = parseConfigFile(
    "a.json",
    JSON.stringify({ pusher: { apps: { shop } } }),
  );
  assertEquals(faults, []);
  assertEquals(channels?.pusher?.[0]?.webhooks[0]?.url, "https://a.example/");
});

Deno.test("webhook tables: each fault names the key, the table and what was meant", () => {
  const rows: [toml: string, fault: string][] = [
    [
      `${APP}webhooks = "https://a.example/"`,
      "webhooks must be a list of tables, each begins with [[pusher.apps.shop.webhooks]]",
    ],
    [`${APP}[pusher.apps.shop.webhooks]\nurl = "https://a/"`, "webhooks must be a list of tables"],
    [HOOK.replace("url", "uri"), "[pusher.apps.shop.webhooks 1] in a.toml: url is missing"],
    [HOOK.replace("url", "uri"), 'unknown key "uri": did you mean url?'],
    [HOOK.replace("https:", "ftp:"), "url must be an address that begins with https:// or http://"],
    [HOOK.replace("https://a.example", ""), "url must be an address that begins with"],
    [HOOK.replace("a.example", "me:secret@a.example"), "url must have no user and password"],
    [HOOK + HOOK, "two webhooks have the url https://a.example/hook"],
    [`${HOOK}events = []`, "events is empty: name some of channel_occupied, channel_vacated"],
    [`${HOOK}events = ["channel_occupid"]`, 'events must be a list of "channel_occupied"'],
    [`${HOOK}event = ["member_added"]`, 'unknown key "event": did you mean events?'],
    [`${HOOK}events = ["client_event"]`, "no effect without client_events = true"],
    [`${HOOK}timeout = "5ms"`, 'timeout must be from "100ms" to "1m"'],
    [`${HOOK}timeout = "2m"`, 'timeout must be from "100ms" to "1m"'],
    [`${HOOK}retry_time = "2h"`, 'retry_time must be from "100ms" to "1h"'],
    [`${HOOK}retry_time = "soon"`, "retry_time must be a time"],
    [`${HOOK}max_queued_events = 0`, "max_queued_events must be from 1 to 1000000"],
    [`${HOOK}max_queued_bytes = "1k"`, 'max_queued_bytes must be from "64KiB" to "1GiB"'],
    [`${HOOK}max_queued_bytes = "much"`, "max_queued_bytes must be a size"],
    [`${HOOK}secret = "x"`, 'unknown key "secret"'],
  ];
  for (const [toml, fault] of rows) {
    const all = toml.startsWith(APP) ? toml : APP + toml;
    const { faults } = parseConfigFile("a.toml", all);
    assertStringIncludes(faults.join("\n"), fault, toml);
  }
});
