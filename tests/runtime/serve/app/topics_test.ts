/**
 * The topics of one worker's sockets on a real store and hub: losses, and publishers that are left out.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { CHANNEL_LIMITS, CHANNEL_OPTIONS } from "../../../../runtime/config/mod.ts";
import { encodeTopicText } from "../../../../runtime/serve/app/topic_data.ts";
import { Topics } from "../../../../runtime/serve/app/topics.ts";
import type { EntrySink, Publication, ReadBounds } from "../../../../runtime/channels/mod.ts";
import type { ChannelContext } from "../../../../runtime/serve/centrifuge/mod.ts";
import { ChannelRules } from "../../../../runtime/serve/channels/mod.ts";
import type { SharedFrames } from "../../../../runtime/serve/session/mod.ts";
import {
  type Broker,
  type ClientPosition,
  type PublishAnswer,
  StoreBroker,
} from "../../../../runtime/serve/broker/mod.ts";
import { publication, Stores, textOf, utf8 } from "../../channels/stores.ts";
import { HubWorker } from "../hub/hub_worker.ts";

/** Keeps the texts of what it gets. */
class Socket {
  readonly texts: string[] = [];
  readonly publishesToSelf = false;
  isSlow = false;

  deliver({ frame }: SharedFrames): boolean {
    if (this.isSlow) return false;
    for (let at = 0; at < frame.bytes.length;) {
      const end = at + 2 + frame.bytes[at + 1]!; // short ones
      this.texts.push(textOf(frame.bytes.subarray(at + 2, end)));
      at = end;
    }
    return true;
  }
}

function topicsOf(
  stores: Stores,
  broker: Broker = new StoreBroker(stores.first),
  options = CHANNEL_OPTIONS,
) {
  const worker = new HubWorker(stores.first);
  const followed: Promise<unknown>[] = [];
  const counts = { lost: 0, subscribed: 0, unsubscribed: 0, queued: 0 };
  const context = {
    store: stores.first,
    broker,
    hub: worker.hub,
    rules: new ChannelRules(
      { options, namespaces: {}, otherNamespaces: options },
      CHANNEL_LIMITS,
    ),
    limits: CHANNEL_LIMITS,
    meter: {
      delivered() {},
      published() {},
      lost: () => counts.lost++,
      subscribed: () => counts.subscribed++,
      unsubscribed: () => counts.unsubscribed++,
      limitExceeded: (limit: "queued") => counts[limit]++,
    },
    report: (error: unknown) => worker.reported.push(error),
    follow: (promise: Promise<unknown>) => void followed.push(promise),
  } as unknown as ChannelContext;
  return { worker, topics: new Topics(context), counts, followed };
}

Deno.test("topics: after publications were lost, a socket gets what follows", () => {
  const stores = new Stores();
  const { worker, topics, counts } = topicsOf(stores);
  const [socket, other] = [new Socket(), new Socket()];
  topics.subscribe("room", socket);
  topics.subscribe("room", other);
  topics.publish("room", encodeTopicText("first"));
  worker.settle();
  // More than the feed holds, without a history, while the worker does not look.
  for (let i = 0; i < 2000; i++) stores.main.publish(utf8("room"), publication(`"${i}"`));
  worker.settle();
  assertEquals(counts.lost, 2);
  assertEquals(topics.publish("room", encodeTopicText("again")), 2);
  worker.settle();
  for (const { texts } of [socket, other]) {
    assertEquals([texts[0], texts.at(-1)], ["first", "again"]);
  }
  assertEquals(worker.reported, []);
  stores.check();
});

Deno.test("topics: a socket that publishes gets all but that, however many are counted", () => {
  const stores = new Stores();
  const { worker, topics, counts } = topicsOf(stores);
  const [ann, bob] = [new Socket(), new Socket()];
  const own = topics.subscribe("room", ann);
  assertEquals(topics.publish("room", encodeTopicText("alone"), { publisher: own }), 0);
  const his = topics.subscribe("room", bob);
  assertEquals(topics.publish("room", encodeTopicText("hers"), { publisher: own }), 1);
  assertEquals(topics.publish("room", encodeTopicText("his"), { publisher: his }), 1);
  assertEquals(topics.publish("room", encodeTopicText("the server's")), 2);
  assertEquals(topics.subscriberCount("room"), 2);
  worker.settle();
  assertEquals(ann.texts, ["his", "the server's"]);
  assertEquals(bob.texts, ["hers", "the server's"]);
  topics.unsubscribe(own);
  assertEquals(topics.publish("room", encodeTopicText("later"), { publisher: own }), 1);
  worker.settle();
  assertEquals(ann.texts.length, 2);
  topics.unsubscribe(his);
  assertEquals([topics.subscriberCount("room"), worker.hub.channelCount], [0, 0]);
  assertEquals(counts, { lost: 0, subscribed: 2, unsubscribed: 2, queued: 0 });
  stores.check();
});

for (const isAnsweredFirst of [true, false]) {
  const order = isAnsweredFirst ? "before it delivers" : "when it has delivered";
  Deno.test(`topics: a socket does not get what it publishes by an engine that answers ${order}`, async () => {
    const stores = new Stores();
    const kept = new StoreBroker(stores.main);
    let position = 0;
    const deliveries: (() => void)[] = [];
    const answers: (() => void)[] = [];
    const broker = Object.assign(new StoreBroker(stores.first), {
      publish(name: Uint8Array, publication: Parameters<Broker["publish"]>[1]) {
        const answered = Promise.withResolvers<PublishAnswer>();
        const key = name.slice();
        deliveries.push(() => void kept.publish(key, publication));
        const answer = {
          status: "stored",
          offset: ++position,
          epoch: "e",
          subscribers: 0,
        } as const;
        answers.push(() => answered.resolve(answer));
        return answered.promise;
      },
    });
    const { worker, topics, followed } = topicsOf(stores, broker);
    const [ann, bob] = [new Socket(), new Socket()];
    const [own, his] = [topics.subscribe("room", ann), topics.subscribe("room", bob)];
    const answer = async () => {
      for (const each of answers.splice(0)) each();
      await Promise.all(followed);
    };
    assertEquals(topics.publish("room", encodeTopicText("hers"), { publisher: own }), 1);
    topics.publish("room", encodeTopicText("same"), { publisher: own });
    topics.publish("room", encodeTopicText("same"), { publisher: his });
    topics.publish("room", encodeTopicText("the server's"));
    if (isAnsweredFirst) await answer();
    for (const deliver of deliveries.splice(0)) deliver();
    worker.settle();
    await answer();
    // What was published earlier, and is over, hides nothing.
    topics.publish("room", encodeTopicText("hers"));
    await answer();
    for (const deliver of deliveries) deliver();
    worker.settle();
    assertEquals(ann.texts, ["same", "the server's", "hers"]);
    assertEquals(bob.texts, ["hers", "same", "the server's", "hers"]);
    assertEquals(worker.reported, []);
  });
}

Deno.test("topics: a socket does not get what it publishes and the engine refuses, if this server delivers it", async () => {
  const stores = new Stores();
  const kept = new StoreBroker(stores.main);
  const broker = Object.assign(new StoreBroker(stores.first), {
    publish(name: Uint8Array, publication: Parameters<Broker["publish"]>[1]) {
      kept.publish(name, { ...publication, skipHistory: true });
      const answer: PublishAnswer = { status: "busy", offset: 0, epoch: "", subscribers: 0 };
      return Promise.resolve(answer);
    },
  });
  const { worker, topics, followed } = topicsOf(stores, broker);
  const [ann, bob] = [new Socket(), new Socket()];
  const own = topics.subscribe("room", ann);
  topics.subscribe("room", bob);
  topics.publish("room", encodeTopicText("hers"), { publisher: own });
  await Promise.all(followed);
  worker.settle();
  assertEquals([ann.texts, bob.texts], [[], ["hers"]]);
  assertEquals(worker.reported.length, 1, "that it was refused");
});

Deno.test("topics: what is dropped for a slow socket is counted", () => {
  const stores = new Stores();
  const { worker, topics, counts } = topicsOf(stores);
  const [slow, quick] = [new Socket(), new Socket()];
  topics.subscribe("room", slow);
  topics.subscribe("room", quick);
  slow.isSlow = true;
  topics.publish("room", encodeTopicText("missed"));
  worker.settle();
  slow.isSlow = false;
  topics.publish("room", encodeTopicText("got"));
  worker.settle();
  assertEquals([slow.texts, quick.texts, counts.queued], [["got"], ["missed", "got"], 1]);
});

Deno.test("topics: what no channel can be called, and what does not fit, is the app's error", () => {
  const stores = new Stores();
  const { topics } = topicsOf(stores);
  assertThrows(() => topics.subscribe("", new Socket()), TypeError, "non-empty");
  assertThrows(() => topics.subscribe(5 as unknown as string, new Socket()), TypeError, "string");
  assertThrows(() => topics.subscribe("é".repeat(128), new Socket()), RangeError, "256 bytes");
  assertThrows(() => topics.publish("", encodeTopicText("x")), TypeError, "non-empty");
  const long = encodeTopicText("x".repeat(64 * 1024));
  assertThrows(() => topics.publish("room", long), RangeError, "--channels-memory");
  // Names that clients could not use: the namespace does not exist, or it is not ASCII.
  for (const name of ["é", "none:x", "$private", "a#1,2", "x".repeat(255)]) {
    const socket = new Socket();
    const subscription = topics.subscribe(name, socket);
    assertEquals(topics.publish(name, encodeTopicText("x")), 1, name);
    topics.unsubscribe(subscription);
  }
});

Deno.test("topics: half of a surrogate pair is in no topic: it could be the name of another one", () => {
  const { topics } = topicsOf(new Stores());
  for (const topic of ["\ud8000", "chat:\ud83d"]) {
    const text = "half of a surrogate pair";
    assertThrows(() => topics.subscribe(topic, new Socket()), TypeError, text);
    assertThrows(() => topics.publish(topic, encodeTopicText("a")), TypeError, text);
    assertThrows(() => topics.subscriberCount(topic), TypeError, text);
  }
});

Deno.test("topics: a socket that comes from another process gets what it missed, with and without a history", () => {
  const stores = new Stores(256 * 1024);
  const { topics } = topicsOf(stores);
  const plain = { historySize: 0, historyTtlMs: 0 };
  const kept = { historySize: 2, historyTtlMs: 60_000 };
  const rooms = [["plain", plain], ["kept", kept]] as const;
  const publish = (to: Stores, room: string, text: string, more: Partial<Publication>) =>
    to.threads[1]!.publish(utf8(room), publication(`"${text}"`, more));
  const subscriptions = rooms.map(([room]) => topics.subscribe(room, new Socket()));
  for (const [room, more] of rooms) publish(stores, room, "one", more);
  // Far more than a turn reads.
  for (let i = 0; i < 150; i++) publish(stores, "kept", "more", kept);
  stores.main.seal();
  topics.flush();
  const positions = subscriptions.map((subscription) => topics.positionOf(subscription)!);
  assertEquals(positions.map(({ offset }) => offset), [1, 151]);

  const heir = stores.heir();
  heir.main.seal();
  heir.adopt(stores);
  const after = topicsOf(heir);
  for (const [at, [room, more]] of rooms.entries()) {
    for (const text of ["two", "three", "four"]) publish(heir, room, text, more);
    publish(heir, room, "without an offset", { ...more, skipHistory: true });
    const comes = new Socket();
    after.topics.subscribe(room, comes, positions[at]);
    publish(heir, room, "later", more);
    after.worker.settle();
    const missed = ["two", "three", "four", "without an offset", "later"];
    assertEquals(comes.texts, missed.map((text) => `"${text}"`), room);
  }
  // The feed has no longer all of that.
  for (let i = 0; i < 8000; i++) publish(heir, "plain", "x", plain);
  after.worker.settle();
  const [late, other] = [new Socket(), new Socket()];
  after.topics.subscribe("plain", late, positions[0]);
  publish(heir, "plain", "last", plain);
  after.worker.settle();
  assertEquals(late.texts, ['"last"']);
  // Of another memory: nothing is said about these positions here.
  after.topics.subscribe("kept", other, { epoch: "other", offset: 0 });
  assertEquals([other.texts, after.worker.reported], [[], []]);
  heir.check();
});

Deno.test("topics: what one has missed is still not for its publisher", () => {
  const stores = new Stores();
  const options = { ...CHANNEL_OPTIONS, historySize: 9, historyTime: 60_000 };
  const { worker, topics } = topicsOf(stores, new StoreBroker(stores.first), options);
  const [ann, comes] = [new Socket(), new Socket()];
  const { epoch } = stores.main.publish(utf8("room"), publication('"old"'));
  const own = topics.subscribe("room", ann);
  topics.publish("room", encodeTopicText("hers"), { publisher: own });
  // Before the hub has passed it on.
  topics.subscribe("room", comes, { epoch: stores.first.epochText(epoch), offset: 0 });
  worker.settle();
  assertEquals([ann.texts, comes.texts], [[], ['"old"', "hers"]]);
});

Deno.test("topics: what a socket has published and is still to come back is waited for before it moves", () => {
  const { worker, topics } = topicsOf(new Stores());
  const own = topics.subscribe("room", new Socket());
  topics.publish("room", encodeTopicText("mine"), { publisher: own });
  assertEquals(topics.isSettled(own), false);
  worker.settle();
  assertEquals([topics.isSettled(own), topics.positionOf(own)?.offset], [true, 1]);
});

Deno.test("topics: what the server does not have of that comes from the engine", async () => {
  const [stores, others] = [new Stores(), new Stores()];
  const key = utf8("room");
  const missed = publication('"missed"');
  const { offset, epoch } = stores.main.publish(key, { ...missed, historySize: 0 });
  const since = { epoch: stores.first.epochText(epoch), offset: 0 };
  const kept = others.main.publish(key, missed);
  const asked: unknown[] = [];
  const broker: Broker = Object.assign(new StoreBroker(stores.first), {
    open: () => Promise.resolve("open" as const),
    recover: (name: Uint8Array, position: ClientPosition, bounds: ReadBounds, sink: EntrySink) => {
      asked.push(position);
      others.main.recover(name, { offset: position.offset, epoch: kept.epoch }, bounds, sink);
      return Promise.resolve({ status: "read" as const, offset, epoch: since.epoch });
    },
  });
  const { worker, topics, followed } = topicsOf(stores, broker);
  const socket = new Socket();
  const subscription = topics.subscribe("room", socket, since);
  assertEquals(topics.isSettled(subscription), false);
  await Promise.all(followed);
  stores.main.publish(key, publication('"later"'));
  worker.settle();
  assertEquals([socket.texts, asked], [['"missed"', '"later"'], [since]]);
  assertEquals([topics.isSettled(subscription), worker.reported], [true, []]);
});
