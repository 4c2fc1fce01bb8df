/** The section of channels in the configuration file: values, and everything that is refused. */

import { assert, assertEquals } from "@std/assert";
import { parse as parseToml } from "smol-toml";
import { readChannelsSection } from "../../../../runtime/cli/channels/mod.ts";
import { CHANNEL_OPTIONS, NO_TOKENS } from "../../../../runtime/config/mod.ts";

function read(toml: string) {
  const section = parseToml(toml)["channels"] ?? {};
  return readChannelsSection("a.toml", section as Record<string, unknown>);
}

function valid(toml: string) {
  const { config, faults } = read(toml);
  assertEquals(faults, []);
  return config;
}

Deno.test("channels section: empty is nothing for nobody", () => {
  assertEquals(valid(""), {
    options: CHANNEL_OPTIONS,
    namespaces: {},
    allowAnonymousConnect: false,
    token: NO_TOKENS,
    apiKey: undefined,
  });
});

Deno.test("channels section: every option, for channels with and without a namespace", () => {
  const options = `
    presence = true
    join_leave = true
    force_push_join_leave = true
    history_size = 100
    history_ttl = "5m"
    force_positioning = true
    allow_positioning = true
    force_recovery = true
    allow_recovery = true
    allow_subscribe_for_client = true
    allow_subscribe_for_anonymous = true
    allow_publish_for_client = true
    allow_publish_for_subscriber = true
    allow_publish_for_anonymous = true
    allow_history_for_client = true
    allow_history_for_subscriber = true
    allow_history_for_anonymous = true
    allow_presence_for_client = true
    allow_presence_for_subscriber = true
    allow_presence_for_anonymous = true
    allow_user_limited_channels = true
    channel_regex = "^[a-z]+$"
    allow_tags_filter = true
    allowed_delta_types = ["fossil"]
    delta_publish = true
    slow_policy = "skip"
  `;
  const all = { client: true, subscriber: true, anonymous: true };
  const expected = {
    presence: true,
    joinLeave: true,
    forcePushJoinLeave: true,
    historySize: 100,
    historyTime: 300_000,
    forcePositioning: true,
    allowPositioning: true,
    forceRecovery: true,
    allowRecovery: true,
    access: { subscribe: { ...all, subscriber: false }, publish: all, history: all, presence: all },
    allowUserLimitedChannels: true,
    channelRegex: "^[a-z]+$",
    allowTagsFilter: true,
    allowedDeltaTypes: ["fossil"],
    deltaPublish: true,
    slowPolicy: "skip",
    ...{ conflationInterval: 0, rateLimits: {}, proxied: [] },
  };
  const found = valid(
    `[channels]\nallow_anonymous_connect_without_token = true\n${options}\n` +
      `[channels.namespaces.chat]\n${options}\n[channels.namespaces."a.b"]\n`,
  );
  assertEquals(found.options, expected as typeof found.options);
  assertEquals(found.namespaces["chat"], expected as typeof found.options);
  assertEquals(found.namespaces["a.b"], CHANNEL_OPTIONS, "a namespace inherits nothing");
  assertEquals(found.allowAnonymousConnect, true);
  assertEquals(structuredClone(found), found, "each worker gets a copy");
});

Deno.test("channels section: JSON gives the same", () => {
  const section = { namespaces: { chat: { history_size: 1, history_ttl: 2.5 } } };
  const { config, faults } = readChannelsSection("a.json", section);
  assertEquals(faults, []);
  assertEquals(config.namespaces["chat"]?.historyTime, 2500);
});

Deno.test("channels section: where secrets and keys are", () => {
  const found = valid(`
    [channels.token]
    hmac_secret_key_file = "/run/secrets/token"
    hmac_previous_secret_key_variable = "OLD_SECRET"
    public_key_files = ["a.pem", "b.pem"]
    audience = "chat"
    issuer = "https://example.com"
    [channels.api]
    key_variable = "API_KEY"
  `);
  assertEquals(found.token, {
    hmacSecrets: [
      { kind: "file", path: "/run/secrets/token" },
      { kind: "variable", name: "OLD_SECRET" },
    ],
    publicKeyFiles: ["a.pem", "b.pem"],
    jwksEndpoint: undefined,
    audience: "chat",
    issuer: "https://example.com",
  });
  assertEquals(found.apiKey, { kind: "variable", name: "API_KEY" });
  for (
    const address of [
      "https://id.example/keys",
      "http://127.0.0.1:1/k",
      "http://[::1]/",
      "http://localhost:3/",
    ]
  ) {
    const { token } = valid(`[channels.token]\njwks_public_endpoint = "${address}"`);
    assertEquals(token.jwksEndpoint, address);
  }
});

Deno.test("channels section: the engine", () => {
  assertEquals(valid("").engine, undefined);
  assertEquals(valid("[channels]\nengine = 'redis://127.0.0.1:6379'").engine, {
    url: "redis://127.0.0.1:6379",
    prefix: "async-deno:",
    password: undefined,
    caFile: undefined,
  });
  assertEquals(valid("[channels]\nengine = 'nats://u@a,[::1]'").engine?.url, "nats://u@a,[::1]");
  const tls = valid("[channels]\nengine = 'tls://n'\nengine_ca_file = 'ca.pem'").engine;
  assertEquals([tls?.url, tls?.caFile], ["tls://n", "ca.pem"]);
  const { engine: socket } = valid("[channels]\nengine = 'redis+unix:///r.sock?db=2&user=app'");
  assertEquals(socket?.url, "redis+unix:///r.sock?db=2&user=app");
  const all = valid(`
    [channels]
    engine = "rediss://app@redis.example:6380/2"
    engine_prefix = "shop:"
    engine_password_file = "/run/secrets/redis"
    engine_ca_file = "ca.pem"
  `);
  assertEquals(all.engine, {
    url: "rediss://app@redis.example:6380/2",
    prefix: "shop:",
    password: { kind: "file", path: "/run/secrets/redis" },
    caFile: "ca.pem",
  });
  const sentinels = valid(`
    [channels]
    engine = "redis+sentinel://app@a,[::1]:26380/my%20master/2"
    engine_sentinel_user = "watcher"
    engine_sentinel_password_variable = "SENTINELS"
  `);
  assertEquals(sentinels.engine, {
    url: "redis+sentinel://app@a,[::1]:26380/my%20master/2",
    prefix: "async-deno:",
    password: undefined,
    caFile: undefined,
    sentinelUser: "watcher",
    sentinelPassword: { kind: "variable", name: "SENTINELS" },
  });
});

Deno.test("channels section: the address of --engine takes the place of the section's", () => {
  const section = { engine: "redis://a", engine_prefix: "shop:" };
  for (const { engine: _, ...rest } of [section]) {
    for (const table of [section, rest]) {
      const { config, faults } = readChannelsSection("a.toml", table, "unix:///r.sock");
      const expected = { url: "unix:///r.sock", prefix: "shop:", password: undefined };
      assertEquals([config.engine, faults], [{ ...expected, caFile: undefined }, []]);
    }
  }
  // Told by the option.
  assertEquals(readChannelsSection("a.toml", section, "nats://a").faults, []);
});

/** TOML, and what each fault begins or ends with. */
const WRONG: readonly [toml: string, ...faults: string[]][] = [
  [
    '[channels]\nslow_policy = "drop"',
    'slow_policy must be "close" or "skip"',
  ],
  [
    "[channels]\npresense = true",
    '[channels] in a.toml: unknown key "presense": did you mean presence?',
  ],
  ["[channels]\njoin-leave = true", 'unknown key "join-leave": did you mean join_leave?'],
  ["[channels]\nJoin_Leave = true", 'unknown key "Join_Leave": did you mean join_leave?'],
  ["[channels]\nxyzxyz = true", 'unknown key "xyzxyz": the keys are presence, join_leave, '],
  [
    "[channels]\nallow_subscribe_for_subscriber = true",
    'unknown key "allow_subscribe_for_subscriber"',
  ],
  [
    "[channels.namespaces.chat]\npresense = true",
    '[channels.namespaces.chat] in a.toml: unknown key "presense": did you mean presence?',
  ],
  ["[channels.tokens]", 'unknown key "tokens": did you mean token?'],
  ["[channels]\nnamespace = []", 'unknown key "namespace": did you mean namespaces?'],
  [
    "[channels.token]\naudiance = 'a'",
    '[channels.token] in a.toml: unknown key "audiance": did you mean audience?',
  ],
  ["[channels]\npresence = 1", "[channels] in a.toml: presence must be true or false"],
  ["[channels]\npresence = 'true'", "presence must be true or false"],
  [
    "[channels]\nhistory_size = -1\nhistory_ttl = 1",
    "history_size must be a whole number from 0 to 1000000",
    "history_ttl has no effect without history_size",
  ],
  [
    "[channels]\nhistory_size = 1.5\nhistory_ttl = 1",
    "history_size must be a whole number",
    "history_ttl has",
  ],
  [
    "[channels]\nhistory_size = 1\nhistory_ttl = 'soon'",
    'history_ttl must be a time, as 300 (seconds), "5m" or "24h"',
    "history_size has",
  ],
  ["[channels]\nhistory_size = 1", "history_size has no effect without history_ttl"],
  ["[channels]\nhistory_ttl = 1", "history_ttl has no effect without history_size"],
  [
    "[channels]\nforce_recovery = true\nallow_positioning = true",
    "force_recovery and allow_positioning have no effect without history_size and history_ttl",
  ],
  [
    "[channels]\nallow_history_for_client = true",
    "allow_history_for_client has no effect without history_size and history_ttl",
  ],
  [
    "[channels]\nallow_presence_for_subscriber = true",
    "allow_presence_for_subscriber has no effect without presence",
  ],
  [
    "[channels]\nforce_push_join_leave = true",
    "force_push_join_leave has no effect without join_leave",
  ],
  ["[channels]\ndelta_publish = true", "delta_publish has no effect without allowed_delta_types"],
  [
    "[channels]\nallow_subscribe_for_anonymous = true",
    "allow_subscribe_for_anonymous has no effect without allow_subscribe_for_client",
  ],
  [
    "[channels]\nallow_publish_for_anonymous = true",
    "allow_publish_for_anonymous has no effect without allow_publish_for_client or allow_publish_for_subscriber",
  ],
  [
    "[channels]\nallowed_delta_types = ['xdelta']",
    'allowed_delta_types must be a list of "fossil"',
  ],
  ["[channels]\nchannel_regex = '('", "channel_regex is no regular expression of JavaScript: "],
  [
    "[channels]\nchannel_regex = '(?P<a>b)'",
    "channel_regex is no regular expression of JavaScript: ",
  ],
  ["[channels]\nchannel_regex = ''", "channel_regex must be a string that is not empty"],
  [
    "[channels.namespaces.a]",
    "[channels.namespaces.a] in a.toml: a namespace's name has at least two of the characters",
  ],
  ["[channels.namespaces.'a:b']", "a namespace's name has at least two of the characters"],
  ["[channels.namespaces]\nchat = 1", "[channels] in a.toml: namespaces.chat must be a table"],
  [
    "[[channels.namespaces]]\nname = 'chat'",
    "namespaces must be a table for each namespace, [channels.namespaces.NAME]",
  ],
  ["[channels]\ntoken = 'secret'", "token must be a table, [channels.token]"],
  [
    "[channels.token]\nhmac_secret_key = 'x'",
    "hmac_secret_key must not be written into the configuration, which others may read: name a file with hmac_secret_key_file, or",
  ],
  ["[channels.api]\nkey = 'x'", "key must not be written into the configuration"],
  ["[channels.api]\nkey_file = 'x'\nkey_variable = 'X'", "key_file excludes key_variable"],
  [
    "[channels.token]\nhmac_previous_secret_key_file = 'x'",
    "hmac_previous_secret_key has no effect without hmac_secret_key",
  ],
  ["[channels.token]\naudience = 'x'", "audience and issuer have no effect without a key"],
  [
    "[channels.token]\njwks_public_endpoint = 'http://example.com/'",
    "jwks_public_endpoint must begin with https://, except on this machine",
  ],
  [
    "[channels.token]\njwks_public_endpoint = 'example.com'",
    "jwks_public_endpoint must be an address that begins with https://",
  ],
  [
    "[channels.token]\njwks_public_endpoint = 'file:///etc/keys'",
    "jwks_public_endpoint must be an address",
  ],
  [
    "[channels.token]\njwks_public_endpoint = 'https://a/'\npublic_key_files = ['a']",
    "jwks_public_endpoint excludes public_key_files",
  ],
  [
    "[channels]\nengine = 'mqtt://127.0.0.1'",
    "engine must be the address of a Redis, Valkey or NATS server",
  ],
  [
    "[channels]\nengine = 'mqtt://127.0.0.1:6379'",
    "engine must be the address of a Redis, Valkey or NATS server",
  ],
  ["[channels]\nengine = 'redis:///2'", "engine must have a host"],
  ["[channels]\nengine = 'nats:///'", "engine must have a host, as in nats://"],
  ["[channels]\nengine = 'nats://a/b'", "engine has no path"],
  ["[channels]\nengine = 'nats://a,'", "engine must have a host, as in nats://"],
  ["[channels]\nengine = 'nats://a:b@c'", "engine must not have a password"],
  ["[channels]\nengine = 'tls://a,c/b'", "engine has no path"],
  [
    "[channels]\nengine = 'nats://a'\nengine_ca_file = 'b'",
    "engine_ca_file has no effect without TLS",
  ],
  ["[channels]\nengine = 'redis://%z@a'", "engine has a user with a % without"],
  ["[channels]\nengine = 'redis://a/2/'", "engine has the number of a database as its path"],
  ["[channels]\nengine = 'unix:r.sock'", "engine has three slashes before the path"],
  ["[channels]\nengine = 'unix://r.sock'", "engine has three slashes before the path"],
  ["[channels]\nengine = 'unix:///r?pass=a'", "engine must not have a password"],
  ["[channels]\nengine = 'unix:///r?bd=2'", "engine with a Unix socket may have the parameters"],
  ["[channels]\nengine = 'unix:///r?db=a'", "engine has the number of a database as db"],
  ["[channels]\nengine = 'redis://a:b@c'", "engine must not have a password, as others may read"],
  ["[channels]\nengine = 'redis://a:1,b:2'", "engine must be the address of a single server"],
  ["[channels]\nengine = 'redis+sentinel://a:1,b:2'", "engine has the name of the master"],
  ["[channels]\nengine = 'redis+sentinel://a/b/c'", "engine has the name of the master"],
  ["[channels]\nengine = 'redis+sentinel://a,/b'", "engine must have a host, as in redis+sent"],
  ["[channels]\nengine = 'redis+sentinel://a,b:x/c'", "engine must be the address of a Redis"],
  ["[channels]\nengine = 'redis+sentinel://a:b@c,d/e'", "engine must not have a password"],
  [
    "[channels]\nengine = 'redis+sentinel://a/b'\nengine_ca_file = 'c'",
    "engine_ca_file has no effect without TLS",
  ],
  [
    "[channels]\nengine = 'redis://a'\nengine_sentinel_password_file = 'b'",
    "engine_sentinel_… has no effect without sentinels",
  ],
  [
    "[channels]\nengine = 'redis+sentinel://a/b'\nengine_sentinel_user = 'c'",
    "engine_sentinel_user needs engine_sentinel_password_file",
  ],
  ["[channels]\nengine_sentinel_user = 'a'", "engine_sentinel_user has no effect without engine"],
  ["[channels]\nengine = 'redis://a/b'", "engine has the number of a database as its path"],
  ["[channels]\nengine = 'redis://a?db=1'", "engine has no parameters behind its address"],
  [
    "[channels]\nengine = 'redis://a'\nengine_prefix = 'a b'",
    "engine_prefix must be 1 to 64 characters",
  ],
  [
    "[channels]\nengine = 'redis://a'\nengine_prefix = '{a}'",
    "engine_prefix must be 1 to 64 characters",
  ],
  [
    "[channels]\nengine = 'redis://a'\nengine_password = 'b'",
    "engine_password must not be written into the configuration",
  ],
  [
    "[channels]\nengine = 'redis://a'\nengine_ca_file = 'b'",
    "engine_ca_file has no effect without TLS",
  ],
  ["[channels]\nengine_prefix = 'a'", "engine_prefix has no effect without engine"],
  ["[channels]\nengine_password_file = 'a'", "engine_password_file has no effect without engine"],
  ["[channels]\nengine_ca_file = 'a'", "engine_ca_file has no effect without engine"],
  ["[channels.token]\npublic_key_files = 'a.pem'", "public_key_files must be a list of strings"],
];

for (const [toml, ...expected] of WRONG) {
  Deno.test(`channels section: refused: ${toml.replaceAll("\n", " ")}`, () => {
    const { faults } = read(toml);
    assertEquals(faults.length, expected.length, faults.join("\n"));
    expected.forEach((text, i) => assert(faults[i]!.includes(text), faults[i]));
  });
}

Deno.test("channels section: a secret that was written into the file is not repeated", () => {
  const { faults } = read("[channels.token]\nhmac_secret_key = 'hunter2'");
  assertEquals(faults.join().includes("hunter2"), false);
});

Deno.test("channels section: every fault is told at once", () => {
  const { faults } = read(
    "[channels]\npresence = 1\nxyzxyz = 1\n[channels.namespaces.chat]\nhistory_size = 'a'\n",
  );
  assertEquals(faults.length, 3);
});

Deno.test("channels section: a namespace may be named as a property of Object.prototype", () => {
  const section = JSON.parse('{"namespaces":{"__proto__":{"presence":true},"constructor":{}}}');
  const { config, faults } = readChannelsSection("a.json", section);
  assertEquals(faults, []);
  assertEquals(Object.keys(config.namespaces), ["__proto__", "constructor"]);
});
