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

/** TOML, and what its fault has. */
const WRONG: readonly [toml: string, fault: string][] = [
  ["engine_offline_delivery = true", "engine_offline_delivery has no effect without engine"],
  ["engine = 'redis://a'\nengine_offline_delivery = 1", "engine_offline_delivery must be true or"],
];

Deno.test("engine options: what is refused", () => {
  for (const [toml, fault] of WRONG) {
    const { faults } = read(toml);
    assertEquals(faults.length, 1, faults.join("\n"));
    assert(faults[0]!.includes(fault), faults[0]);
  }
});
