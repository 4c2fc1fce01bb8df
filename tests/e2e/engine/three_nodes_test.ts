/**
 * Three servers that share an engine, which is killed and frozen, and of which one after the other is killed, while many
 * clients listen and publications go to any of them: each offset comes exactly once, or is reported lost.
 *
 * `ENGINE_CLIENTS=3000 ENGINE_SECONDS=600` makes it larger than the suite has time for. All clients share one thread; with
 * `ENGINE_PATIENCE=5`, their own default in seconds, thousands of them give up while it is busy. It prints a table, in which each fault has
 * what was counted from its beginning until all clients were subscribed again.
 */

import { assert, assertEquals } from "@std/assert";
import { ChannelFolder } from "../../support/channel_commands.ts";
import { Audience, type Listener } from "../../support/engine_audience.ts";
import { Publisher, ServerGroup } from "../../support/engine_servers.ts";
import { ENGINES } from "../../support/engines.ts";
import { withFirstError } from "../../support/first_error.ts";
import { hold } from "../../support/wait_for.ts";

const NODES = 3;
const CLIENTS = Number(Deno.env.get("ENGINE_CLIENTS") ?? 120);
/** The faults are repeated until this time is over. */
const SECONDS = Number(Deno.env.get("ENGINE_SECONDS") ?? 1);
const CLIENTS_OF_CHANNEL = 10;
/** Clients that connect at the same time. */
const AT_ONCE = 100;
/** Milliseconds for which the engine is away, and for which it is frozen. */
const AWAY = 500;
const FROZEN = 3_000;
const ENGINE_KILLED = "the engine was killed and started again";

const HEADS = [
  ["fault", "begun after s", "all ready after s", "all subscribed after s", "confirmed", "refused"],
  ["deliveries", "lost connections", "reported losses", "again or out of order", "unreported gaps"],
].flat();

/** What was counted so far. */
interface Figures {
  readonly confirmed: number;
  readonly refused: number;
  readonly publications: number;
  readonly reconnects: number;
  readonly reported: number;
  readonly repeated: number;
  readonly gaps: number;
}

function figuresOf(listeners: readonly Listener[], { confirmed, refused }: Publisher): Figures {
  const sum = (key: "publications" | "reconnects" | "reported" | "repeated" | "gaps") =>
    listeners.reduce((total, each) => total + each[key], 0);
  return {
    confirmed: confirmed.length,
    refused,
    publications: sum("publications"),
    reconnects: sum("reconnects"),
    reported: sum("reported"),
    repeated: sum("repeated"),
    gaps: sum("gaps"),
  };
}

function differences(before: Figures, after: Figures): Figures {
  const names = Object.keys(after) as (keyof Figures)[];
  const rows = names.map((name) => [name, after[name] - before[name]] as const);
  return Object.fromEntries(rows) as Record<keyof Figures, number>;
}

function printRow(name: string, times: readonly number[], figures: Figures): void {
  const seconds = times.map((milliseconds) => (milliseconds / 1_000).toFixed(1));
  console.log(`| ${[name, ...seconds, ...Object.values(figures)].join(" | ")} |`);
}

for (const { name: engineName, ignore, reason, start: startEngine } of ENGINES) {
  Deno.test({
    name:
      `three nodes (${engineName}): under faults each offset comes exactly once, or is reported${reason}`,
    ignore,
    fn: () =>
      withFirstError(async () => {
        await using shared = await startEngine({ keepsData: true });
        const engine = `engine = "${shared.url}"\nallow_anonymous_connect_without_token = true\n`;
        await using folder = await ChannelFolder.make({ channels: engine });
        await using nodes = await ServerGroup.start(folder.config, NODES);
        using audience = new Audience(nodes.balancer);
        const { listeners } = audience;
        const all = Array.from(
          { length: CLIENTS },
          (_, i) => `open:${Math.floor(i / CLIENTS_OF_CHANNEL)}`,
        );
        for (let i = 0; i < CLIENTS; i += AT_ONCE) {
          audience.add(all.slice(i, i + AT_ONCE));
          await audience.subscribed();
        }

        const channels = [...new Set(all)];
        const publisher = new Publisher(nodes, channels);
        const faults: Record<string, () => Promise<void>> = {
          [ENGINE_KILLED]: async () => {
            await shared.kill();
            await hold(AWAY);
            await shared.start();
          },
          "a server was killed and started again": async () => {
            const index = killed++ % NODES;
            await nodes.kill(index);
            await audience.subscribed();
            await nodes.start(index);
          },
          "the engine was frozen": async () => {
            shared.freeze();
            await hold(FROZEN);
            shared.thaw();
          },
        };
        let killed = 0;
        console.log(`| ${HEADS.join(" | ")} |`);
        const start = performance.now();
        const since = (moment: number) => performance.now() - moment;
        do {
          for (const [name, make] of Object.entries(faults)) {
            const before = figuresOf(listeners, publisher);
            const begun = performance.now();
            await make();
            const made = performance.now();
            await nodes.ready();
            const ready = since(made);
            await audience.subscribed();
            const subscribed = since(made);
            for (const port of nodes.running) await publisher.publishAtLast(port, channels[0]!);
            const row = differences(before, figuresOf(listeners, publisher));
            printRow(name, [begun - start, ready, subscribed], row);
            // Behind a restart of the engine, a channel may have begun a new epoch before a server that follows it came back.
            if (name !== ENGINE_KILLED) assertEquals(row.reported, 0, name);
          }
        } while (since(start) < SECONDS * 1_000);

        await audience.heard(await publisher.finish(), publisher.confirmed);
        printRow("in all", [0, 0, 0], figuresOf(listeners, publisher));
        assert(publisher.confirmed.length > channels.length);
      }),
  });
}
