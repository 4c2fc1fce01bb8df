/**
 * The channels are handed over, and the new server ends before it has taken over: the old one goes on with them, and what clients have sent
 * meanwhile is carried out.
 */

import { assert, assertEquals } from "@std/assert";
import { ConnectionReceiver } from "../../../runtime/executor/connection_receiver.ts";
import { ConnectionSender } from "../../../runtime/executor/connection_sender.ts";
import { DescriptorChannel } from "../../../runtime/os/mod.ts";
import { ChannelServer, connected, subscribe } from "../../support/channel_server.ts";
import { OVER_DENO_TRANSPORT } from "../../support/suite_transport.ts";
import { waitFor, within } from "../../support/wait_for.ts";

/** A channel to a new server that takes the memory. */
function pair(): { sender: ConnectionSender; receiver: ConnectionReceiver } {
  const [ours, theirs] = DescriptorChannel.pair();
  const sender = new ConnectionSender(ours);
  sender.takesStore = true;
  return { sender, receiver: new ConnectionReceiver(theirs) };
}

Deno.test({
  name:
    "upgrade: a new server that ends before it takes over changes nothing for clients of channels",
  ignore: OVER_DENO_TRANSPORT,
  fn: async () => {
    await using server = await ChannelServer.start();
    const [one, two] = [server.client(), server.client()];
    await Promise.all([one, two].map(connected));
    const received = await subscribe(one, "chat:a", { recoverable: true });
    for (const isThere of [true, false]) {
      const { sender, receiver } = pair();
      if (!isThere) receiver[Symbol.dispose]();
      await server.executor.prepareHandOver(sender);
      if (isThere) {
        using file = receiver.takeStore();
        assert(file, "the memory has come");
        let isPublished = false;
        const publishing = two.centrifuge.publish("chat:a", 1).then(() => isPublished = true);
        // Another one is not accepted.
        const third = server.client();
        third.centrifuge.connect();
        assertEquals(isPublished, false);
        await server.executor.takeBack();
        await within(publishing, { what: "the publication" });
        await within(third.centrifuge.ready(), { what: "a connection" });
        receiver[Symbol.dispose]();
      }
      await within(two.centrifuge.publish("chat:a", 2), { what: "another publication" });
      sender[Symbol.dispose]();
    }
    await waitFor(() => received.data.length === 3, { what: "three publications" });
    assertEquals(received.data, [1, 2, 2]);
    assertEquals([received.subscribed.length, received.unsubscribed, received.errors], [1, [], []]);
    assertEquals(server.warnings, []);
  },
});
