/** Real clients with `tagsFilter`, on both workers, and after a broken connection. */

import { assertEquals } from "@std/assert";
import { Backend } from "../../support/channel_backend.ts";
import { OPEN } from "../../support/channel_options.ts";
import { connected, subscribe } from "../../support/channel_server.ts";
import { waitFor } from "../../support/wait_for.ts";

const TAGS = { ...OPEN, allowTagsFilter: true } as const;
const KOELN = { key: "city", cmp: "eq", val: "Köln" };
const NOT_KOELN = { op: "not", nodes: [KOELN] };

Deno.test("tags filter: clients get what they ask for, live and recovered", async () => {
  await using backend = await Backend.start({ namespaces: { tags: TAGS } });
  const [[here], [there]] = await backend.server.clientsOnBoth(1);
  const other = backend.server.client();
  await connected(other);
  const channel = "tags:a";
  const options = { tagsFilter: KOELN, recoverable: true };
  const received = [
    await subscribe(here!, channel, options),
    await subscribe(there!, channel, options),
    await subscribe(other, channel, { tagsFilter: NOT_KOELN }),
  ];
  const publish = async (from: number, to: number) => {
    for (let i = from; i <= to; i++) {
      await backend.publish(channel, i, { tags: { city: i % 3 === 0 ? "Köln" : "Bonn" } });
    }
  };
  const arrived = (counts: readonly number[]) =>
    waitFor(() => counts.every((count, i) => received[i]!.data.length >= count), {
      what: () => `${counts} publications, not ${received.map(({ data }) => data.length)}`,
    });
  await publish(1, 9);
  await arrived([3, 3, 6]);
  here!.centrifuge.disconnect();
  await publish(10, 15);
  here!.centrifuge.connect();
  await arrived([5, 5, 10]);
  await publish(16, 18);
  await arrived([6, 6, 12]);
  const mine = [3, 6, 9, 12, 15, 18];
  assertEquals(received.slice(0, 2).map(({ data }) => data), [mine, mine]);
  assertEquals(received[2]!.data, [1, 2, 4, 5, 7, 8, 10, 11, 13, 14, 16, 17]);
  assertEquals(received[0]!.subscribed.map(({ recovered }) => recovered), [false, true]);
});
