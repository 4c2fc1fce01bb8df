/**
 * Two servers that share an engine, and a namespace with `conflation_interval`: what one publishes with keys is merged for the subscribers of
 * the other, which get the newest value of each key, in order, and everything without a key.
 */

import { assert, assertEquals } from "@std/assert";
import { Backend } from "../../support/channel_backend.ts";
import { connected, type Received, subscribe } from "../../support/channel_server.ts";
import { CONFLATED, KEYS, type Price, round, ROUNDS } from "../../support/conflated_prices.ts";
import { engineConfig, ENGINES, type TestEngine } from "../../support/engines.ts";
import { waitFor } from "../../support/wait_for.ts";

const CHANNEL = "prices:a";

function node(engine: TestEngine): Promise<Backend> {
  return Backend.start({ namespaces: { prices: CONFLATED }, engine: engineConfig(engine) });
}

const numbersOf = ({ data }: Received, wanted: string) =>
  (data as Price[]).filter(({ of }) => of === wanted).map(({ n }) => n);

for (const { name: engineName, ignore, reason, start } of ENGINES) {
  Deno.test({
    name: `conflation with two servers and an engine (${engineName})${reason}`,
    ignore,
    async fn() {
      await using engine = await start();
      await using first = await node(engine);
      await using second = await node(engine);
      const clients = [first.server.client(), second.server.client()];
      for (const client of clients) await connected(client);
      const received = await Promise.all(clients.map((client) => subscribe(client, CHANNEL)));
      for (let n = 1; n <= ROUNDS; n++) {
        await first.ask("batch", { commands: round(CHANNEL, n) });
      }
      const published = ROUNDS * KEYS.length + ROUNDS / 5;
      const { publications } = await second.ask("history", { channel: CHANNEL, limit: -1 });
      assertEquals(publications.length, published, "the history has all of them");
      for (const one of received) {
        const isDone = () =>
          [...KEYS, "plain"].every((key) => numbersOf(one, key).at(-1) === ROUNDS);
        await waitFor(isDone, { what: () => `the newest values, not ${JSON.stringify(one.data)}` });
        assertEquals(numbersOf(one, "plain"), [5, 10, 15, 20]);
        for (const key of KEYS) {
          const numbers = numbersOf(one, key);
          assertEquals(numbers, [...new Set(numbers)].toSorted((a, b) => a - b), "newer ones");
        }
        assertEquals(one.offsets, one.offsets.toSorted((a, b) => a - b));
        assert(one.data.length < published, `${one.data.length} of ${published}`);
        assertEquals([one.errors, one.unsubscribed], [[], []]);
      }
    },
  });
}
