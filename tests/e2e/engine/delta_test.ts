/** Two servers that share an engine: a publication of one goes as a delta to subscribers of the other, live and recovered. */

import { assertEquals } from "@std/assert";
import { changingDocuments } from "../../support/changing_document.ts";
import { OPEN } from "../../support/channel_options.ts";
import {
  ChannelServer,
  connected,
  isPublished,
  OPEN_CHANNELS,
  subscribe,
} from "../../support/channel_server.ts";
import { engineConfig, ENGINES, type TestEngine } from "../../support/engines.ts";
import { waitFor } from "../../support/wait_for.ts";

const DELTA = { ...OPEN, allowedDeltaTypes: ["fossil"], deltaPublish: true } as const;

function node(engine: TestEngine): Promise<ChannelServer> {
  return ChannelServer.start({
    ...OPEN_CHANNELS,
    namespaces: { delta: DELTA },
    engine: engineConfig(engine),
  });
}

for (const { name: engineName, ignore, reason, start } of ENGINES) {
  Deno.test({
    name: `deltas of two servers with an engine (${engineName})${reason}`,
    ignore,
    async fn() {
      await using engine = await start();
      await using first = await node(engine);
      await using second = await node(engine);
      const [publisher, client] = [first.client(), second.client()];
      for (const one of [publisher, client]) await connected(one);
      const channel = "delta:a";
      const received = await subscribe(client, channel, { delta: "fossil", recoverable: true });
      const documents = changingDocuments(15);
      const publish = async (from: number, to: number) => {
        for (const document of documents.slice(from, to)) {
          await waitFor(() => isPublished(publisher.centrifuge, channel, document), {
            what: "a publication",
          });
        }
      };
      const arrived = (count: number) =>
        waitFor(() => received.data.length >= count, {
          what: () => `${count} publications, not ${received.data.length}`,
        });
      await publish(0, 5);
      await arrived(5);
      client.centrifuge.disconnect();
      await publish(5, 10);
      client.centrifuge.connect();
      await arrived(10);
      await publish(10, 15);
      await arrived(15);
      assertEquals(received.data, documents);
      const subscription = client.centrifuge.getSubscription(channel) as unknown as {
        deltaStats(): { readonly numDeltaPayloads: number };
      };
      // Whole: the first one, that of the recovery, and the one behind it, as nobody was subscribed in between.
      assertEquals(subscription.deltaStats().numDeltaPayloads, 12);
    },
  });
}
