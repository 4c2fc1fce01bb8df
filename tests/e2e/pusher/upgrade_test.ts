/**
 * SIGUSR2 with clients of npm `pusher-js`: they go on in the new server with their names, users, channels and members, while events go on.
 * None is told anything, none misses an event, and neither do webhooks say that anybody has left or come.
 */

import { assertEquals } from "@std/assert";
import { Lineage } from "../../support/lineage.ts";
import { isAlive } from "../../support/process_facts.ts";
import {
  PUSHER_SECRET,
  pusherClient,
  pusherLibrary,
  type PusherTestChannel,
  type PusherTestClient,
  type PusherTestLibrary,
  subscribedTo,
} from "../../support/pusher_server.ts";
import { NumberPublisher } from "../../support/number_publisher.ts";
import { waitFor, withServer } from "../../support/server.ts";
import { OVER_TLS } from "../../support/suite_tls.ts";
import { OVER_DENO_TRANSPORT } from "../../support/suite_transport.ts";
import { WebhookReceiver } from "../../support/webhook_receiver.ts";

const UPGRADES = 2;
const PACE_MS = 10;
const ROOM = "presence-room";
const CHANNELS = ["orders", "private-a", "cache-c", ROOM];
const WHISPER = "client-n";

function configFor(url: string): string {
  return `[pusher.apps.shop]
id = "1"
key = "shop-key"
secret_variable = "APP_SECRET"
client_events = true
client_events_per_second = 10000
[[pusher.apps.shop.webhooks]]
url = "${url}"
events = ["channel_occupied", "channel_vacated", "member_added", "member_removed"]
`;
}

/** A client, and everything that it is told. */
class Follower {
  readonly client: PusherTestClient;
  /** By channel. */
  readonly numbers = new Map<string, unknown[]>(CHANNELS.map((name) => [name, []]));
  /** Whatever was said beside events. */
  readonly notes: string[] = [];
  readonly #channels = new Map<string, PusherTestChannel>();

  constructor(port: string, user: string) {
    this.client = pusherClient(port, user);
  }

  /** Subscribes to all channels. */
  async begin(): Promise<void> {
    for (const name of CHANNELS) {
      const channel = await subscribedTo(this.client, name);
      this.#channels.set(name, channel);
      channel.bind_global((event, data) => {
        if (event === "n" || event === WHISPER) this.numbers.get(name)!.push(data);
        else this.notes.push(`${event} ${(data as { readonly id?: string } | undefined)?.id}`);
      });
    }
    for (const event of ["state_change", "error"]) {
      this.client.connection.bind(event, () => void this.notes.push(event));
    }
  }

  whisper(number: number): void {
    this.#channels.get("private-a")!.trigger(WHISPER, number);
  }
}

/** Sends numbers until it is told to end: a backend to all channels but one, a client to that one. */
function publisherOf(library: PusherTestLibrary, follower: Follower): NumberPublisher {
  const names = CHANNELS.filter((name) => name !== "private-a");
  return new NumberPublisher(async (number) => {
    follower.whisper(number);
    for (const name of names) await trigger(library, name, number);
  }, { pace: PACE_MS });
}

/** A connection that is new in the moment of the handover may be told that the server has no room now. */
async function trigger(library: PusherTestLibrary, name: string, number: number): Promise<void> {
  await waitFor(async () => {
    const answer = await library.trigger(name, "n", number).catch((error) => error);
    await answer.text?.();
    if (answer.status === 503) return false;
    if (answer.status !== 200) throw answer;
    return true;
  }, { what: "a publication" });
}

Deno.test({
  name: "upgrade: Pusher clients go on in the new server, and neither they nor webhooks notice",
  // TLS cannot be moved.
  ignore: OVER_DENO_TRANSPORT || OVER_TLS,
  fn: async () => {
    await using receiver = WebhookReceiver.start("shop-key", PUSHER_SECRET);
    const config = await Deno.makeTempFile({ suffix: ".toml", prefix: "async-deno-test-" });
    await Deno.writeTextFile(config, configFor(receiver.url));
    const args = ["--config", config, "--upgrade-spread", "60s", "--channel-commands", "1000000"];
    await withServer({ workers: 2, args, env: { APP_SECRET: PUSHER_SECRET } }, async (server) => {
      using lineage = new Lineage(server);
      const port = new URL(server.url).port;
      const library = pusherLibrary(port);
      const [ann, bob] = [new Follower(port, "ann"), new Follower(port, "bob")];
      using _ends = {
        [Symbol.dispose]: () => [ann, bob].forEach((one) => one.client.disconnect()),
      };
      for (const follower of [ann, bob]) await follower.begin();
      const notes: unknown[] = [];
      ann.client.user.bind("note", (data) => void notes.push(data));
      ann.client.signin();
      await waitFor(async () => {
        await (await library.sendToUser("ann", "note", 0)).text();
        return notes.length > 0;
      }, { what: "the user" });
      const come = [
        ...CHANNELS.map((name) => `channel_occupied ${name}`),
        ...["ann", "bob"].map((user) => `member_added ${ROOM} ${user}`),
      ];
      await waitFor(() => receiver.told.length >= come.length, { what: "the webhooks" });
      const names = [ann, bob].map(({ client }) => client.connection.socket_id);
      ann.notes.length = 0; // bob has come
      const publisher = publisherOf(library, bob);
      for (let i = 0; i < UPGRADES; i++) {
        const before = lineage.pid;
        await lineage.upgrade();
        // Nothing has stayed there, or it would end after a minute.
        await waitFor(() => !isAlive(before), { what: "the end of the old server" });
        const { count } = publisher;
        await waitFor(() => publisher.count > count + 10, { what: "events" });
      }
      await publisher.end();
      const all = Array.from({ length: publisher.count }, (_, number) => number);
      for (const { numbers, client } of [ann, bob]) {
        for (const [name, found] of numbers) {
          const expected = name === "private-a" && client === bob.client ? [] : all;
          await waitFor(() => found.length >= expected.length, { what: `all events of ${name}` });
          assertEquals(found, expected, name);
        }
      }
      assertEquals([ann, bob].map(({ client }) => client.connection.socket_id), names);
      assertEquals([ann.notes, bob.notes], [[], []]);
      const counts = { info: "subscription_count,user_count" };
      const room = await library.get({ path: `/channels/${ROOM}`, params: counts });
      assertEquals(await room.json(), { occupied: true, subscription_count: 2, user_count: 2 });

      // It is the same user, and the members are those of the new server.
      const sent = notes.length;
      await (await library.sendToUser("ann", "note", 1)).text();
      await waitFor(() => notes.length > sent, { what: "an event of the user" });
      const cat = pusherClient(port, "cat");
      await subscribedTo(cat, ROOM);
      await waitFor(() => ann.notes.length > 0, { what: "a member" });
      cat.disconnect();
      await waitFor(() => ann.notes.length > 1, { what: "a member that leaves" });
      assertEquals(ann.notes, ["pusher:member_added cat", "pusher:member_removed cat"]);
      assertEquals(notes.slice(sent), [1]);
      // The package waits for half a minute for a server that is gone.
      for (const { client } of [ann, bob]) client.disconnect();
      await waitFor(async () => {
        const { occupied } = await (await library.get({ path: `/channels/${ROOM}` })).json();
        return !occupied;
      }, { what: "their ends" });
      await lineage.stop();
      const left = [
        ...["ann", "bob", "cat"].map((user) => `member_removed ${ROOM} ${user}`),
        ...CHANNELS.map((name) => `channel_vacated ${name}`),
      ];
      const expected = [...come, `member_added ${ROOM} cat`, ...left];
      assertEquals(receiver.told.toSorted(), expected.toSorted());
    });
    await Deno.remove(config);
  },
});
