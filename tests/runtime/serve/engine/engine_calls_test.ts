/** A worker's calls and the main thread's desk, over the memory that they share. */

import { assert, assertEquals } from "@std/assert";
import { EngineCalls } from "../../../../runtime/serve/engine/engine_calls.ts";
import { type EngineAnswer, EngineDesk } from "../../../../runtime/serve/engine/engine_desk.ts";
import { createEngineMemory } from "../../../../runtime/serve/engine/engine_memory.ts";
import { EnginePeers } from "../../../../runtime/serve/engine/engine_peers.ts";
import { REQUEST } from "../../../../runtime/serve/engine/engine_request.ts";
import { packTuple, type TupleValue, unpackTuple } from "../../../../runtime/serve/engine/tuple.ts";

/** One worker and the desk; `turn` does what the bells would do. */
function opened(answer: (values: readonly TupleValue[]) => EngineAnswer) {
  const memory = createEngineMemory(2);
  let isCalled = false;
  let calledTimes = 0;
  const seen: (readonly TupleValue[])[] = [];
  const desk = new EngineDesk({
    memory,
    workers: 2,
    handler: {
      request: (_worker, kind, values) => {
        seen.push([kind, ...values]);
        return answer(values);
      },
    },
    ring: () => {},
  });
  const open = () =>
    new EngineCalls({
      memory,
      worker: 1,
      call: () => {
        isCalled = true;
        calledTimes++;
      },
      again: () => {},
    });
  const calls = open();
  const turn = async () => {
    if (isCalled) desk.look(1);
    isCalled = false;
    await new Promise((resolve) => setTimeout(resolve, 2));
    calls.flush();
  };
  /** Turns until a promise is fulfilled. */
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    let isDone = false;
    void promise.finally(() => isDone = true);
    for (let i = 0; i < 1_000 && !isDone; i++) await turn();
    assert(isDone, "no answer");
    return await promise;
  };
  return { calls, desk, memory, open, seen, settled, turn, called: () => calledTimes };
}

Deno.test("tuples: each kind of value comes back", () => {
  const rows: TupleValue[][] = [
    [],
    [undefined],
    [0, -1, 2 ** 53 - 1, Infinity, 0.5],
    ["", "a", "ü€😀"],
    [new Uint8Array(0), new Uint8Array([0, 255])],
    [1, undefined, "x", new Uint8Array(70_000), 2],
    ["\ufeffuser", "\ufeff".repeat(40)],
  ];
  for (const row of rows) assertEquals(unpackTuple(packTuple(row)), row);
});

Deno.test("engine calls: answers reach their callers, in whatever order they come", async () => {
  const held: ((values: readonly TupleValue[]) => void)[] = [];
  const { calls, desk, settled, turn, called } = opened(() =>
    new Promise((resolve) => held.push(resolve))
  );
  const answers = ["a", "b", "c"].map((text) => calls.call(1, [text]));
  assertEquals(called(), 0, "the rest of this batch of events may bring more");
  calls.flush();
  assertEquals(called(), 1, "the main thread is called once for all that it has not seen");
  void calls.call(1, ["d"]);
  await Promise.resolve();
  assertEquals(called(), 1, "it has not looked yet");
  await turn();
  held.reverse().forEach((resolve, i) => resolve([i]));
  assertEquals(await settled(Promise.all(answers)), [[3], [2], [1]]);
  for (let i = 0; i < 8; i++) void calls.call(1, []);
  assertEquals(called(), 2, "it begins with eight while the batch goes on");
  await turn();
  held.splice(0).forEach((resolve) => resolve([]));
  await turn();
  assertEquals(calls.pending, 0);
  desk.close();
});

Deno.test("engine calls: messages of any length, and answers longer than the ring", async () => {
  const { calls, desk, settled } = opened(([bytes, times]) => {
    const length = (bytes as Uint8Array).length;
    return [length, ...Array.from({ length: times as number }, () => bytes)];
  });
  for (const length of [0, 1, 65_535, 65_536, 70_000, 300_000, 700_000]) {
    const bytes = new Uint8Array(length).fill(length & 255);
    const [size, back] = await settled(calls.call(2, [bytes, 1])) ?? [];
    assertEquals([size, back], [length, bytes]);
  }
  const reply = await settled(calls.call(2, [new Uint8Array(500_000).fill(7), 8])) ?? [];
  assertEquals(reply.length, 9);
  assert((reply[8] as Uint8Array).every((byte) => byte === 7));
  desk.close();
});

Deno.test("engine calls: a full ring is an answer, and what must be sent keeps its place", async () => {
  const { calls, desk, seen, settled } = opened(() => [1]);
  const big = new Uint8Array(200_000);
  const answers = Array.from({ length: 8 }, () => calls.call(3, [big]));
  calls.tell(4, [big]);
  calls.tell(5, [big]);
  assertEquals(await calls.call(6, ["behind them"]), undefined);
  const results = await settled(Promise.all(answers));
  const sent = results.filter((result) => result !== undefined).length;
  assert(sent > 0 && sent < 8);
  assertEquals(await settled(calls.call(6, ["now"])), [1]);
  assertEquals(seen.map(([kind]) => kind), [...Array(sent).fill(3), 4, 5, 6]);
  assertEquals(await calls.call(3, [new Uint8Array(2_000_000)]), undefined, "longer than the ring");
  desk.close();
});

Deno.test("engine calls: while publications are under way the main thread is called for what is urgent alone", async () => {
  const { calls, desk, seen, settled, called } = opened(() => [1]);
  const publish = () => calls.call(REQUEST.publish, []);
  desk.expect();
  const answers = [publish(), publish()];
  calls.flush();
  assertEquals([called(), seen.length], [0, 0]);
  desk.lookAtAll();
  assertEquals(seen.length, 2, "they were fetched at the end of those before");
  await settled(Promise.all(answers));
  const next = publish();
  calls.flush();
  assertEquals(called(), 1, "nothing is under way");
  desk.expect();
  await settled(next);
  void publish();
  calls.flush();
  assertEquals(called(), 1, "that look was not the last one");
  void calls.call(REQUEST.open, []);
  calls.flush();
  assertEquals(called(), 2, "another request does not wait for publications");
  desk.lookAtAll();
  desk.expect();
  for (let i = 0; i < 64; i++) void publish();
  calls.flush();
  assertEquals(called(), 3, "as many as one call of the engine takes do not wait");
  await settled(calls.call(REQUEST.open, []));
  assertEquals(calls.pending, 0);
  desk.close();
});

Deno.test("engine calls: the number of calls under way is bounded", async () => {
  const { calls, desk } = opened(() => new Promise(() => {}));
  for (let i = 0; i < 4_096; i++) void calls.call(1, []);
  assertEquals(await calls.call(1, []), undefined);
  desk.close();
});

Deno.test("engine calls: a dead worker's answers go to nobody, and its successor begins with empty rings", async () => {
  let resolveOld: (values: readonly TupleValue[]) => void = () => {};
  const { calls, desk, open, turn } = opened(([text]) =>
    text === "old" ? new Promise((resolve) => resolveOld = resolve) : [text]
  );
  void calls.call(1, ["old"]);
  await turn();
  void calls.call(1, ["never read"]);
  desk.remove(1);
  const next = open();
  resolveOld(["late"]);
  const answer = next.call(1, ["new"]);
  desk.look(1);
  await Promise.resolve();
  next.flush();
  assertEquals([await answer, next.pending], [["new"], 0]);
  desk.close();
});

Deno.test("engine calls: an answer to another server that is longer than the ring leaves room for other calls", async () => {
  const { calls, desk, seen, settled, turn } = opened(() => []);
  const answer = new Uint8Array(3 * 1024 * 1024).map((_, i) => i);
  const sent = new EnginePeers(calls).answer("1 a", answer);
  await turn();
  assertEquals(await settled(calls.call(1, ["x"])), []);
  await settled(sent);
  const parts = seen.filter(([, first]) => first !== "x") as [number, Uint8Array, ...unknown[]][];
  assertEquals(
    parts.map(([, , ...place]) => place),
    Array.from({ length: 24 }, (_, i) => ["1 a", i, 24]),
  );
  assertEquals(new Uint8Array(parts.flatMap(([, bytes]) => [...bytes])), answer);
  desk.close();
});
