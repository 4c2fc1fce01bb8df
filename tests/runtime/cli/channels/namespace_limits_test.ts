/** What a namespace limits or merges, in the configuration file: values, and everything that is refused. */

import { assert, assertEquals } from "@std/assert";
import { parse as parseToml } from "smol-toml";
import { readChannelsSection } from "../../../../runtime/cli/channels/mod.ts";

function read(options: string) {
  const section = parseToml(`[channels.namespaces.chat]\n${options}`)["channels"];
  const { config, faults } = readChannelsSection("a.toml", section as Record<string, unknown>);
  return { options: config.namespaces["chat"]!, faults };
}

const HISTORY = "history_size = 1\nhistory_ttl = 1\n";

Deno.test("namespace limits: a number and a time", () => {
  const { options, faults } = read(`
    presence = true
    ${HISTORY}
    publish_limit_per_user = "10/s"
    publish_limit_per_channel = "1000/5m"
    subscribe_limit_per_user = "50/m"
    history_limit_per_user = "1/1.5s"
    presence_limit_per_user = "2/100ms"
  `);
  assertEquals(faults, []);
  assertEquals(options.rateLimits, {
    publish_limit_per_user: { count: 10, time: 1_000 },
    publish_limit_per_channel: { count: 1000, time: 300_000 },
    subscribe_limit_per_user: { count: 50, time: 60_000 },
    history_limit_per_user: { count: 1, time: 1_500 },
    presence_limit_per_user: { count: 2, time: 100 },
  });
  assertEquals(structuredClone(options), options, "each worker gets a copy");
});

Deno.test("namespace limits: conflation, with a history that is for who asks for it", () => {
  const { options, faults } = read(
    `conflation_interval = 0.25\n${HISTORY}allow_history_for_client = true`,
  );
  assertEquals([options.conflationInterval, options.historySize, faults], [250, 1, []]);
});

const RATES = ["10", "10/", "0/s", "/s", "10/30", "1.5/s", "-1/s", "10/x", "10/0s", "1/s/s"];
/** Longer than a day, and more than a thousand in a millisecond. */
const EXTREMES = ["1/2d", "2000/1ms"];

const WRONG: readonly [options: string, ...faults: string[]][] = [
  ...[...RATES, ...EXTREMES].map((rate): [string, string] => [
    `publish_limit_per_user = "${rate}"`,
    '[channels.namespaces.chat] in a.toml: publish_limit_per_user must be a number and a time of at most a day, as "10/s" or "100/5m"',
  ]),
  ["publish_limit_per_channel = 10", "publish_limit_per_channel must be a number and a time"],
  ["publish_limit = '10/s'", 'unknown key "publish_limit": '],
  [
    'history_limit_per_user = "1/s"\npresence_limit_per_user = "1/s"',
    "history_limit_per_user has no effect without history_size and history_ttl",
    "presence_limit_per_user has no effect without presence",
  ],
  ...["1ms", "2m"].map((time): [string, string] => [
    `conflation_interval = "${time}"`,
    'conflation_interval must be from "10ms" to "1m"',
  ]),
  ["conflation_interval = 'often'", "conflation_interval must be a time"],
  [
    `conflation_interval = "1s"\n${HISTORY}allow_recovery = true\nforce_positioning = true`,
    "conflation_interval excludes allow_recovery and force_positioning: who recovers or counts offsets gets every publication",
  ],
];

for (const [toml, ...expected] of WRONG) {
  Deno.test(`namespace limits: refused: ${toml.replaceAll("\n", " ")}`, () => {
    const { faults } = read(toml);
    assertEquals(faults.length, expected.length, faults.join("\n"));
    expected.forEach((text, i) => assert(faults[i]!.includes(text), faults[i]));
  });
}
