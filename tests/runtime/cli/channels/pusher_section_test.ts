/** The section of the Pusher protocol in the configuration file: values, and everything that is refused. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { parseConfigFile } from "../../../../runtime/cli/config_file.ts";
import { CHANNEL_OPTIONS } from "../../../../runtime/config/mod.ts";

const APP = `[pusher.apps.shop]\nid = "1"\nkey = "shop-key"\nsecret_file = "s"\n`;

function read(toml: string) {
  return parseConfigFile("a.toml", toml);
}

Deno.test("pusher section: an app has its namespace, also without a section of channels", () => {
  const { channels, faults } = read(APP);
  assertEquals(faults, []);
  assertEquals(channels?.pusher, [{
    name: "shop",
    id: "1",
    key: "shop-key",
    secret: { kind: "file", path: "s" },
    clientEvents: false,
    clientEventsPerSecond: 10,
    activityTime: 120_000,
    event: "message",
    webhooks: [],
  }]);
  assertEquals(channels?.namespaces, { shop: CHANNEL_OPTIONS });
  assertEquals([channels?.allowAnonymousConnect, channels?.apiKey], [false, undefined]);
});

Deno.test("pusher section: every option, and the options of the namespace", () => {
  const { channels, faults } = read(`
    [channels.namespaces.shop]
    history_size = 5
    history_ttl = "1m"
    [pusher.apps.shop]
    id = "1"
    key = "k"
    secret_variable = "S"
    client_events = true
    client_events_per_second = 5
    activity_timeout = "30s"
    event = "publication"
    [pusher.apps.other]
    id = "2"
    key = "l"
    secret_variable = "T"
  `);
  assertEquals(faults, []);
  const [shop, other] = channels?.pusher ?? [];
  assertEquals([shop?.clientEvents, shop?.clientEventsPerSecond, shop?.activityTime, shop?.event], [
    true,
    5,
    30_000,
    "publication",
  ]);
  assertEquals(other?.secret, { kind: "variable", name: "T" });
  assertEquals(channels?.namespaces["shop"]?.historySize, 5);
  assertEquals(channels?.namespaces["other"]?.historySize, 0);
});

Deno.test("pusher section: each fault names the key, the table and what was meant", () => {
  const rows: [toml: string, fault: string][] = [
    ["pusher = 1", "pusher in a.toml must be a table"],
    ["[pusher]", "there is no app"],
    ["[pusher]\nkey = 1", 'unknown key "key"'],
    ["[pusher]\napps = []", "apps must be a table for each app, [pusher.apps.NAME]"],
    ["[pusher.apps]\nshop = 1", "apps.shop must be a table"],
    [APP.replace('id = "1"', ""), "[pusher.apps.shop] in a.toml: id is missing"],
    [APP.replace('id = "1"', "id = 1"), "id must be a string"],
    [APP.replace('id = "1"', 'id = "a/b"'), "id must be 1 to 64 of the characters"],
    [APP.replace('"shop-key"', '"a b"'), "key must be 1 to 64 of the characters"],
    [APP.replace("secret_file", "secret"), "secret must not be written into the configuration"],
    [APP.replace('secret_file = "s"', ""), "secret_file or secret_variable is missing"],
    [APP.replace("shop]", "s]"), "the name of an app has two or more"],
    [`${APP}client_event = true`, 'unknown key "client_event": did you mean client_events?'],
    [`${APP}client_events_per_second = 5`, "no effect without client_events = true"],
    [`${APP}client_events = true\nclient_events_per_second = 0`, "must be at least 1"],
    [`${APP}activity_timeout = "1s"`, 'activity_timeout must be from "5s" to "10m"'],
    [`${APP}event = "pusher:error"`, "not begin with pusher:"],
    [APP + APP.replace("shop]", "other]"), 'two apps have the id "1"'],
    [APP + APP.replace("shop]", "other]"), 'two apps have the key "shop-key"'],
  ];
  for (const [toml, fault] of rows) assertStringIncludes(read(toml).faults.join("\n"), fault, toml);
});
