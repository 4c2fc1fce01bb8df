/** The keys of the engine that say how it is used: several servers, and what happens while it is away. */

import { assert, assertEquals } from "@std/assert";
import { parse } from "smol-toml";
import { readEngineOptions } from "../../../../runtime/cli/channels/engine_options.ts";
import { TableReader } from "../../../../runtime/cli/channels/table_reader.ts";

function read(toml: string) {
  const faults: string[] = [];
  const table = parse(toml);
  const engine = readEngineOptions(new TableReader({ path: "a", name: "channels", table, faults }));
  return { engine, faults };
}

Deno.test("engine options: delivery while the engine is away", () => {
  for (const [value, expected] of [[true, true], [false, undefined]] as const) {
    const { engine, faults } = read(`engine = 'redis://a'\nengine_offline_delivery = ${value}`);
    assertEquals([engine?.offlineDelivery, faults], [expected, []]);
  }
});

Deno.test("engine options: several Redis servers", () => {
  const all = "redis://a:1,rediss://b/2,redis+sentinel://c,d/e";
  const { engine, faults } = read(`engine = '${all}'
    engine_ca_file = 'f'
    engine_sentinel_password_file = 'g'`);
  assertEquals([engine?.url, faults], [all, []]);
});

Deno.test("engine options: nodes of a Redis Cluster", () => {
  const url = "rediss+cluster://app@a:1,[::1],c";
  const { engine, faults } = read(`engine = '${url}'\nengine_ca_file = 'f'`);
  assertEquals([engine?.url, engine?.caFile, faults], [url, "f", []]);
});

/** TOML, and what its fault has. */
const WRONG: readonly [toml: string, fault: string][] = [
  ["engine_offline_delivery = true", "engine_offline_delivery has no effect without engine"],
  ["engine = 'redis://a'\nengine_offline_delivery = 1", "engine_offline_delivery must be true or"],
  ["engine = 'redis://a,nats://b'", "engine may have several addresses of Redis servers only"],
  ["engine = 'redis://a,redis://b,redis://a'", "engine has redis://a twice"],
  ["engine = 'redis://a,redis://b/c'", "engine has the number of a database as its path"],
  ["engine = 'redis://a,mqtt://b'", "engine must be the address of a Redis, Valkey or NATS"],
  ["engine = 'redis://a,redis://b:c@d'", "engine must not have a password"],
  ["engine = 'redis+cluster://a,b/1'", "engine has no path, as a cluster has no name and a single"],
  ["engine = 'redis+cluster://a:b@c'", "engine must not have a password"],
  ["engine = 'redis+cluster://a'\nengine_ca_file = 'c'", "engine_ca_file has no effect"],
  ["engine = 'redis://a,b'", "and nodes of a cluster with redis+cluster:// once"],
  ["engine = '10.0.0.5:6379'", "did you mean redis://10.0.0.5:6379, or nats://10.0.0.5:6379?"],
  ["engine = 'redis://a:99999'", "engine has the port 99999, and ports are numbers up to 65535"],
  [
    "engine = 'redis+cluster://a'\nengine_sentinel_password_file = 'c'",
    "engine_sentinel_… has no effect without sentinels",
  ],
  ["engine = 'redis://a,redis://b'\nengine_ca_file = 'c'", "engine_ca_file has no effect"],
  [
    `engine = '${Array.from({ length: 65 }, (_, i) => `redis://a/${i}`).join()}'`,
    "engine has 65 addresses: at most 64 are allowed",
  ],
];

Deno.test("engine options: what is refused", () => {
  for (const [toml, fault] of WRONG) {
    const { faults } = read(toml);
    assertEquals(faults.length, 1, faults.join("\n"));
    assert(faults[0]!.includes(fault), faults[0]);
  }
});
