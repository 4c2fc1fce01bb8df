/**
 * Faults of clients and threads while publications flow: the real server, and real clients. Nobody else may notice, and who
 * loses something is told.
 */

import { assert, assertEquals } from "@std/assert";
import { DEFAULT_CONFIG } from "../../../runtime/mod.ts";
import {
  ChannelServer,
  connected,
  OPEN_CHANNELS,
  subscribe,
} from "../../support/channel_server.ts";
import { NodeSocket } from "../../support/node_socket.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const DYING = new URL("../../support/channels_thread.ts", import.meta.url);

Deno.test("channels: a subscriber that stops reading is closed with 3008, and the others get everything", async () => {
  const limits = { ...DEFAULT_CONFIG.limits, queuedBytes: 64 * 1024 };
  await using server = await ChannelServer.start(undefined, { limits });
  const [publisher, reader] = [server.client(), server.client()];
  await Promise.all([connected(publisher), connected(reader)]);
  const received = await subscribe(reader, "chat:flood");
  const slow = new NodeSocket(server.url);
  let messages = 0;
  let closed: [number, string] | undefined;
  slow.on("message", () => void messages++);
  slow.on("close", (code, reason) => closed = [code, new TextDecoder().decode(reason)]);
  await new Promise<void>((resolve) => slow.on("open", resolve));
  slow.send('{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"chat:flood"}}');
  await waitFor(() => messages > 0, { what: "the subscription" });
  slow.pause();
  const data = "x".repeat(60_000);
  const count = 250; // more than the kernel's buffers on both sides have room for
  for (let i = 1; i <= count; i++) {
    await publisher.centrifuge.publish("chat:flood", data);
    // On a loaded machine the other subscriber, which shares this thread, would be a slow one, too.
    await waitFor(() => received.data.length === i, {
      what: () => `${i} publications at the other subscriber, not ${received.data.length}`,
    });
  }
  slow.resume();
  await waitFor(() => closed, { what: "the end of the slow one" });
  assertEquals(closed, [3008, "slow"]);
  assert(messages < count);
});

Deno.test("channels: a worker dies under its subscribers; they recover, and the others notice nothing", async () => {
  await using server = await ChannelServer.start(undefined, { workerModule: DYING });
  const both = await server.clientsOnBoth(3);
  const clients = both.flat();
  const subscribers = await Promise.all(
    clients.map((client) => subscribe(client, "chat:room", { recoverable: true })),
  );
  const publisher = server.client();
  await connected(publisher);
  for (let i = 1; i <= 400; i++) {
    await publisher.centrifuge.publish("chat:room", i);
    if (i !== 100) continue;
    // Ends whichever worker has this connection, with everything that it serves, and the connection.
    await fetch(new URL("/dies", server.url.replace("ws:", "http:"))).catch(() => {});
    await waitFor(() => server.warnings.some((text) => text.includes("died")), { what: "its end" });
  }
  await waitFor(() => subscribers.every(({ data }) => data.length === 400), {
    what: () => `400 publications each, not ${subscribers.map(({ data }) => data.length)}`,
  });
  const expected = Array.from({ length: 400 }, (_, i) => i + 1);
  for (const { offsets, data } of subscribers) {
    assertEquals(offsets, expected);
    assertEquals(data, expected);
  }
  const came = subscribers.filter(({ subscribed }) => subscribed.length > 1);
  assert(came.length > 0 && came.length < subscribers.length);
  assert(came.every(({ subscribed }) => subscribed.slice(1).every(({ recovered }) => recovered)));
  // The dead worker's members are gone; those who came back are there once.
  await waitFor(async () => {
    const { numClients } = await publisher.centrifuge.presenceStats("chat:room");
    return numClients === clients.length;
  }, { what: "a presence without the dead worker's members" });
});

Deno.test("channels: a worker that replaces a dead one has the same keys, also if their files are gone", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  const key = "a key that only the backend knows";
  await Deno.writeTextFile(`${folder}/key`, key);
  const apiKey = { kind: "file", path: `${folder}/key` } as const;
  await using server = await ChannelServer.start({ ...OPEN_CHANNELS, apiKey }, {
    workers: 1,
    workerModule: DYING,
  });
  await Deno.remove(folder, { recursive: true });
  const ask = async (path: string) => {
    const init = { method: "POST", headers: { "X-API-Key": key }, body: "{}" };
    const response = await fetch(`${server.httpUrl}${path}`, init);
    return `${response.status} ${await response.text()}`;
  };
  await ask("/dies").catch(() => {});
  await waitFor(() => server.warnings.some((text) => text.includes("died")), { what: "its end" });
  let answer = "";
  await waitFor(async () => {
    answer = await ask("/api/info").catch(String);
    return answer.startsWith('200 {"result"');
  }, { what: () => `an answer of the next worker, not ${answer}` });
});
