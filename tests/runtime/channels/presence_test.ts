/** Presence: members and users, joining and leaving in the feed, and what is left of a dead worker. */
import { assert, assertEquals } from "@std/assert";
import type { ChannelStore, WorkerRemoval } from "../../../runtime/channels/mod.ts";
import { publication, Stores, textOf, TextSink, utf8 } from "./stores.ts";

const NAME = utf8("chat:index");

function join(store: ChannelStore, client: string, user = client, announce = false): string {
  const info = utf8(`{"client":"${client}"}`);
  return store.join(NAME, { client: utf8(client), user: utf8(user), info, announce });
}

function membersOf(store: ChannelStore, limit = 20_000): string[] {
  const clients: string[] = [];
  const visitor = (client: Uint8Array, info: Uint8Array) => {
    assertEquals(textOf(info), `{"client":"${textOf(client)}"}`);
    clients.push(textOf(client));
  };
  const { status } = store.presence(NAME, limit, visitor);
  return status === "read" ? clients : [status];
}

function remove(removal: WorkerRemoval): void {
  while (!removal.step());
}

Deno.test("presence: members, and users once each", () => {
  const stores = new Stores();
  const other = stores.threads[1]!;
  assertEquals(join(stores.first, "c1", "u1"), "joined");
  join(other, "c2", "u1");
  join(other, "c3", "u2");
  join(other, "c4", "");
  assertEquals(membersOf(stores.main), ["c4", "c3", "c2", "c1"]);
  assertEquals(stores.main.presenceStats(NAME), { status: "read", clients: 4, users: 3 });
  stores.first.leave(NAME, utf8("c1"));
  stores.first.leave(NAME, utf8("unknown"));
  assertEquals(stores.main.presenceStats(NAME), { status: "read", clients: 3, users: 3 });
  other.leave(NAME, utf8("c2"));
  assertEquals(stores.main.presenceStats(NAME), { status: "read", clients: 2, users: 2 });
  assertEquals(stores.main.presenceStats(utf8("none")), { status: "read", clients: 0, users: 0 });
  stores.check();
});

Deno.test("presence: a client that joins again is replaced", () => {
  const stores = new Stores();
  join(stores.first, "c1", "u1");
  join(stores.first, "c1", "u2");
  assertEquals(membersOf(stores.main), ["c1"]);
  assertEquals(stores.main.presenceStats(NAME).users, 1);
  stores.check();
});

Deno.test("presence: joining and leaving are announced in order with publications, if wanted", () => {
  const stores = new Stores();
  const feed = stores.first.openFeed();
  stores.first.subscribe(NAME);
  join(stores.threads[1]!, "a", "a", true);
  stores.main.publish(NAME, publication("p"));
  join(stores.threads[1]!, "b");
  stores.threads[1]!.leave(NAME, utf8("a"));
  stores.threads[1]!.leave(NAME, utf8("b"));
  const sink = new TextSink();
  feed.poll(sink, 100);
  assertEquals(sink.take(), ['join {"client":"a"}', "1 p", 'leave {"client":"a"}']);
  stores.check();
});

Deno.test("presence: 10,000 members join, are listed once each, and leave", () => {
  const stores = new Stores(8 * 2 ** 20);
  const clients = Array.from({ length: 10_000 }, (_, i) => `client-${i}`);
  for (const client of clients) join(stores.threads[client.length % 2]!, client, "u" + client);
  assertEquals(membersOf(stores.main), clients.toReversed());
  assertEquals(membersOf(stores.main, 9_999), ["limit"]);
  assertEquals(stores.main.presenceStats(NAME).users, 10_000);
  stores.check();
  for (const client of clients) stores.first.leave(NAME, utf8(client));
  assertEquals(membersOf(stores.main), []);
  assertEquals(stores.main.figures().members, 0);
  stores.check();
});

Deno.test("presence: the members of a dead worker leave, and are announced; its subscribers go", () => {
  const stores = new Stores(2 ** 20);
  const feed = stores.threads[1]!.openFeed();
  stores.threads[1]!.subscribe(NAME);
  stores.first.subscribe(NAME);
  stores.first.subscribe(utf8("alone"));
  for (let i = 0; i < 200; i++) join(stores.first, `dead-${i}`, "u", true);
  join(stores.threads[1]!, "living", "u", true);
  feed.poll(new TextSink(), 1000);
  remove(stores.main.removeWorker(0));
  const sink = new TextSink();
  feed.poll(sink, 1000);
  const left = sink.take();
  assertEquals(left.length, 200);
  assert(left.every((text) => text.startsWith('leave {"client":"dead-')));
  assertEquals(membersOf(stores.main), ["living"]);
  assertEquals(stores.main.presenceStats(NAME), { status: "read", clients: 1, users: 1 });
  const counts = new Map<string, number>();
  stores.main.channels((name, { subscribers }) => counts.set(textOf(name), subscribers));
  assertEquals(counts, new Map([["chat:index", 1], ["alone", 0]]));
  stores.check();
});

Deno.test("presence: the successor of a dead worker begins with nothing of it", () => {
  const stores = new Stores();
  stores.first.subscribe(NAME);
  stores.main.publish(NAME, publication("rung, and never looked at"));
  remove(stores.main.removeWorker(0));
  const successor = stores.open(0);
  const feed = successor.openFeed();
  stores.main.publish(NAME, publication("a"));
  assertEquals(successor.subscribe(NAME).offset, 2);
  stores.rung.length = 0;
  stores.main.publish(NAME, publication("b"));
  assertEquals(stores.rung, [0]);
  const sink = new TextSink();
  feed.poll(sink, 100);
  assertEquals(sink.take(), ["3 b"]);
  stores.check();
});

Deno.test("channels: the list has each channel once, with its counts", () => {
  const stores = new Stores(2 ** 20);
  const names = Array.from({ length: 500 }, (_, i) => `channel-${i}`);
  for (const name of names) stores.threads[name.length % 2]!.subscribe(utf8(name));
  join(stores.first, "c");
  const found: string[] = [];
  const complete = stores.main.channels((name, counts) => {
    found.push(`${textOf(name)} ${counts.subscribers} ${counts.members} ${counts.users}`);
  });
  const expected = [...names.map((name) => `${name} 1 0 0`), "chat:index 0 1 1"];
  assertEquals([complete, found.sort()], [true, expected.sort()]);
});
