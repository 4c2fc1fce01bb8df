/**
 * A followed channel: what it asks in which case, and that at any interleaving of answers, publications and faults it has in
 * the end what the engine has, or its subscribers were told.
 */

import { assertEquals } from "@std/assert";
import { Random } from "../../../support/random.ts";
import { FakeEngine } from "./fake_engine.ts";

/** A channel that has followed `count` publications. */
function followed(count: number, historySize = 10): FakeEngine {
  const engine = new FakeEngine();
  engine.channel.begin();
  for (let i = 0; i < count; i++) engine.publish(historySize);
  engine.settle();
  engine.calls.length = 0;
  return engine;
}

const ROWS: { name: string; act: (engine: FakeEngine) => void; expect: string[] }[] = [
  { name: "the next one is passed on", act: (e) => e.publish(10), expect: ["replicate 3"] },
  {
    name: "a gap is read from the history",
    act: (e) => {
      e.publish(10);
      e.losePush();
      e.publish(10);
    },
    expect: ["range 2", "replicate 3", "replicate 4", "ready"],
  },
  {
    name: "a gap without a history is told",
    act: (e) => {
      e.publish(0);
      e.losePush();
      e.publish(0);
    },
    expect: ["range 2", "lose", "state -", "range 1", "follow e1 4 t4", "ready"],
  },
  {
    name: "a connection that is back, and nothing was missed",
    act: (e) => e.cut(),
    expect: ["listen", "state e1 2 t2", "ready"],
  },
  {
    name: "a connection that is back, and the history has what was missed",
    act: (e) => {
      e.cut();
      e.publish(10);
    },
    expect: ["listen", "state e1 2 t2", "range 2", "replicate 3", "ready"],
  },
  {
    name: "more was missed than one answer has",
    act: (e) => {
      e.cut();
      for (let i = 0; i < 5; i++) e.publish(10);
    },
    expect: [
      "listen",
      "state e1 2 t2",
      "range 2",
      "replicate 3",
      "replicate 4",
      "replicate 5",
      "range 5",
      "replicate 6",
      "replicate 7",
      "ready",
    ],
  },
  {
    name: "more was missed than the history has",
    act: (e) => {
      e.cut();
      for (let i = 0; i < 5; i++) e.publish(3);
    },
    expect: [
      "listen",
      "state e1 2 t2",
      "range 2",
      "lose",
      "state -",
      "range 4",
      "follow e1 4 -",
      "replicate 5",
      "replicate 6",
      "replicate 7",
      "ready",
    ],
  },
  {
    name: "a failover that has lost nothing",
    act: (e) => e.failOver(0),
    expect: ["listen", "state e1 2 t2", "ready"],
  },
  {
    name: "a failover that has lost one",
    act: (e) => e.failOver(1),
    expect: ["listen", "state e1 2 t2", "lose", "follow e2 0 -", "ready"],
  },
  {
    name: "another epoch while it is live",
    act: (e) => {
      e.server.newEpoch();
      e.publish(10);
    },
    expect: ["state e1 2 t2", "lose", "range 1", "follow e2 0 -", "replicate 1", "ready"],
  },
  {
    name: "a publication of an epoch that is gone is left out",
    act: (e) =>
      e.channel.published({ epoch: "e0", offset: 9, tag: "x", previousTag: "y", size: 1 }),
    expect: ["state e1 2 t2", "ready"],
  },
  {
    name: "another publication at the same offset is another chain",
    act: (e) =>
      e.channel.published({ epoch: "e1", offset: 2, tag: "x", previousTag: "t1", size: 1 }),
    expect: ["lose", "state -", "range 1", "follow e1 0 -", "replicate 1", "replicate 2", "ready"],
  },
  {
    name: "the next offset of another chain",
    act: (e) =>
      e.channel.published({ epoch: "e1", offset: 3, tag: "x", previousTag: "y", size: 1 }),
    expect: ["lose", "state -", "range 1", "follow e1 0 -", "replicate 1", "replicate 2", "ready"],
  },
  {
    name: "what is live only passes, and moves nothing",
    act: (e) => e.channel.published({ epoch: "e1", offset: 0, tag: "", previousTag: "", size: 1 }),
    expect: ["replicate 0"],
  },
  {
    name: "the same offset with another tag after the connection was gone",
    act: (e) => {
      e.cut();
      e.server.chain[1] = { ...e.server.chain[1]!, tag: "x" };
    },
    expect: [
      "listen",
      "state e1 2 t2",
      "lose",
      "range 1",
      "follow e1 0 -",
      "replicate 1",
      "replicate 2",
      "ready",
    ],
  },
  {
    name: "more was published, but behind another publication",
    act: (e) => {
      e.cut();
      e.server.chain[1] = { ...e.server.chain[1]!, tag: "x" };
      e.publish(10);
    },
    expect: [
      "listen",
      "state e1 2 t2",
      "range 2",
      "lose",
      "state -",
      "range 1",
      "follow e1 0 -",
      "replicate 1",
      "replicate 2",
      "replicate 3",
      "ready",
    ],
  },
  {
    name: "an epoch that begins without a publication",
    act: (e) => {
      e.server.newEpoch();
      e.channel.began("e2");
    },
    expect: ["state e1 2 t2", "lose", "follow e2 0 -", "ready"],
  },
  {
    name: "an epoch that begins while something is asked: it is asked again",
    act: (e) => {
      e.cut();
      e.connect();
      e.work();
      e.answer();
      e.work();
      e.server.newEpoch();
      e.channel.began("e2");
    },
    expect: ["listen", "state e1 2 t2", "state e1 2 t2", "lose", "follow e2 0 -", "ready"],
  },
  {
    name: "an old publication is left out",
    act: (e) =>
      e.channel.published({ epoch: "e1", offset: 1, tag: "t1", previousTag: "", size: 1 }),
    expect: [],
  },
];

for (const { name, act, expect } of ROWS) {
  Deno.test(`followed channel: ${name}`, () => {
    const engine = followed(2);
    act(engine);
    engine.settle();
    assertEquals(engine.calls, expect);
    assertEquals(engine.channel.isLive, true);
  });
}

Deno.test("followed channel: an answer of a connection that is gone changes nothing", () => {
  const engine = followed(2);
  const { channel } = engine;
  channel.cut();
  channel.confirmed(1);
  channel.stated(2, { epoch: "e9", offset: 1, tag: "x" });
  channel.ranged(3, { epoch: "e9", links: [], hasMore: false });
  assertEquals([channel.failed(1), channel.state, engine.calls], [false, "detached", []]);
});

Deno.test("followed channel: a history that changed behind the engine's word is not believed", () => {
  const engine = new FakeEngine();
  for (let i = 0; i < 2; i++) engine.publish(10);
  engine.channel.begin();
  for (let i = 0; i < 2; i++) engine.work(), engine.answer();
  engine.server.chain[1] = { ...engine.server.chain[1]!, tag: "x" };
  engine.work();
  engine.answer();
  // It begins behind what was said, without a history.
  assertEquals(engine.calls, ["listen", "state -", "range 1", "follow e1 2 t2", "ready"]);
});

Deno.test("followed channel: an answer of an earlier round does not stand for that of this one", () => {
  const engine = new FakeEngine();
  engine.publish(10);
  engine.channel.begin();
  engine.work();
  engine.answer();
  const { lastRound } = engine;
  engine.channel.cut();
  engine.channel.begin();
  engine.channel.confirmed(engine.lastRound);
  engine.channel.stated(lastRound, { epoch: "e9", offset: 0, tag: "" });
  assertEquals([engine.channel.state, engine.local], ["reading", undefined]);
});

Deno.test("followed channel: a failed question detaches it, and it proves its position later", () => {
  const engine = followed(2);
  engine.channel.cut();
  engine.channel.begin();
  assertEquals(engine.channel.failed(engine.lastRound), true);
  assertEquals(engine.channel.state, "detached");
  assertEquals(engine.channel.position, { epoch: "e1", offset: 2, tag: "t2" });
});

Deno.test("followed channel: at every place where answers and publications can be split", () => {
  // Bit i of `order` says what arrives at step i: an answer, or a publication.
  for (let order = 0; order < 2 ** 9; order++) {
    for (const historySize of [0, 2, 10]) {
      const engine = new FakeEngine({ history: 2, heldLinks: 3 });
      for (let i = 0; i < 2; i++) engine.publish(historySize);
      engine.channel.begin();
      for (let step = 0; step < 9; step++) {
        if ((order >> step & 1) === 0) engine.publish(historySize), engine.push();
        else engine.work(), engine.answer();
      }
      engine.settle();
      expectSame(engine, `order ${order}, history ${historySize}`);
    }
  }
});

Deno.test("followed channel: random faults and interleavings", () => {
  for (let seed = 1; seed <= 3_000; seed++) {
    const random = new Random(seed);
    const engine = new FakeEngine({ history: random.below(4), heldLinks: 1 + random.below(6) });
    engine.channel.begin();
    const historySize = random.below(8);
    for (let step = 0; step < 80; step++) randomStep(engine, random, historySize);
    // A publication that comes last shows a hole before it.
    engine.connect();
    engine.publish(historySize);
    engine.settle();
    engine.publish(historySize);
    engine.settle();
    expectSame(engine, `seed ${seed}`);
  }
});

function randomStep(engine: FakeEngine, random: Random, historySize: number): void {
  const dice = random.below(100);
  if (dice < 30) engine.publish(historySize);
  else if (dice < 50) engine.work();
  else if (dice < 70) engine.answer();
  else if (dice < 90) engine.push();
  else if (dice < 92) engine.losePush();
  else if (dice < 94) engine.cut();
  else if (dice < 95) engine.failOver(random.below(3));
  else if (dice < 96) engine.server.newEpoch();
  else engine.connect();
}

/** The local channel has what the engine has, from where it was followed. */
function expectSame({ channel, server, local }: FakeEngine, what: string): void {
  assertEquals(channel.state, "live", what);
  assertEquals(channel.position, server.position, what);
  const tags = local!.links.map(({ tag }) => tag);
  assertEquals(tags, server.chain.slice(local!.at.offset).map(({ tag }) => tag), what);
}
