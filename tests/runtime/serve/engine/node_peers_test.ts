/** Servers of one engine, and what each of them passes on to its workers. */

import { assertEquals, assertMatch } from "@std/assert";
import { Conductor } from "../../../../runtime/serve/engine/conductor.ts";
import { NodeMembers } from "../../../../runtime/serve/engine/node_members.ts";
import { NodePeers } from "../../../../runtime/serve/engine/node_peers.ts";
import type { FollowingStore } from "../../../../runtime/serve/engine/followed_entry.ts";
import { answerParts } from "../../../../runtime/serve/engine/surveys.ts";
import { LoopbackEngine } from "../../../support/loopback_engine.ts";
import { waitFor } from "../../../support/wait_for.ts";
import { utf8 } from "../../channels/stores.ts";

const TEXT = new TextDecoder();
const NO_CHANNELS = {} as FollowingStore;

/** A server on an engine, and what its workers have got. */
async function server(engine: LoopbackEngine, uid: string = crypto.randomUUID()) {
  const driver = engine.driver();
  const [got, warnings]: [string[], string[]] = [[], []];
  let isFull = false;
  const store = {
    maxEntryBytes: 100_000,
    publish: (_name: Uint8Array, { fields, data }: { fields?: Uint8Array; data: Uint8Array }) => {
      const status: "full" | "stored" = isFull ? "full" : "stored";
      if (!isFull) got.push(`${TEXT.decode(fields)} ${TEXT.decode(data)}`);
      return { status, offset: 0, epoch: 0, subscribers: 0 };
    },
  };
  const warn = (text: string) => void warnings.push(text);
  const nothing = () => {};
  const told = { warn, inform: nothing, membersLost: nothing };
  const conductor = new Conductor({ driver, store: NO_CHANNELS, ...told });
  const members = new NodeMembers(driver);
  const peers = new NodePeers({
    uid,
    name: uid,
    sessionKey: utf8(uid),
    settings: {},
    driver,
    conductor,
    members,
    place: "",
    store,
    warn,
  });
  peers.begin();
  await driver.connect(conductor);
  const { members: all } = engine.channel(":servers");
  await waitFor(() => conductor.isReady && all.has(uid), { what: "that the server is ready" });
  const fill = () => void (isFull = true);
  return { uid, driver, conductor, peers, members, got, warnings, fill };
}

type Server = Awaited<ReturnType<typeof server>>;

async function close(...servers: readonly Server[]): Promise<void> {
  for (const { conductor, peers, members } of servers) {
    peers.close();
    members.close();
    await conductor.close();
  }
}

/** Sends requests, one after the other. */
async function send({ peers }: Server, ...words: readonly string[]): Promise<boolean[]> {
  const done: boolean[] = [];
  for (const word of words) done.push(await peers.request(word, utf8("{}")));
  return done;
}

Deno.test("peers: a request reaches all servers once and in order, but none that starts later", async () => {
  const engine = new LoopbackEngine();
  const [first, second] = [await server(engine), await server(engine)];
  assertEquals(await send(first, "a", "b"), [true, true]);
  assertEquals(await send(second, "c"), [true]);
  const third = await server(engine);
  await send(third, "d");
  for (const { got } of [first, second]) {
    await waitFor(() => got.length >= 4, { what: "four requests" });
    assertEquals(got, ["a {}", "b {}", "c {}", "d {}"]);
  }
  await waitFor(() => third.got.length > 0, { what: "the request of the third" });
  assertEquals(third.got, ["d {}"]);
  await close(first, second, third);
});

Deno.test("peers: a server that was cut off gets what was asked meanwhile, and refuses until then", async () => {
  const engine = new LoopbackEngine();
  const [first, second] = [await server(engine), await server(engine)];
  await send(first, "a");
  second.driver.cut();
  await send(first, "b", "c");
  assertEquals(await send(second, "never"), [false]);
  second.driver.restore();
  await waitFor(() => second.got.length >= 3, { what: "what was asked meanwhile" });
  assertEquals(second.got, ["a {}", "b {}", "c {}"]);
  assertEquals(second.warnings.filter((text) => text.includes("HTTP API")), []);
  await close(first, second);
});

Deno.test("peers: a server for which requests are lost says so, and gets the next ones", async () => {
  const engine = new LoopbackEngine();
  const [first, second] = [await server(engine), await server(engine)];
  await send(first, "a");
  await waitFor(() => second.got.length > 0, { what: "the first request" });
  second.driver.cut();
  engine.forget(":servers");
  second.driver.restore();
  await waitFor(() => second.conductor.isReady, { what: "that it is ready" });
  assertEquals(second.warnings.filter((text) => text.includes("may be lost")).length, 1);
  await send(second, "b");
  await waitFor(() => second.got.length > 1, { what: "the next request" });
  assertEquals(second.got, ["a {}", "b {}"]);
  await close(first, second);
});

Deno.test("peers: a request that is too long is refused, and one that finds no room is told of", async () => {
  const engine = new LoopbackEngine();
  const [first, second] = [await server(engine), await server(engine)];
  assertEquals(await first.peers.request("a", new Uint8Array(100_000)), false);
  second.fill();
  assertEquals(await send(first, "b"), [true]);
  await waitFor(() => second.warnings.length > 0, { what: "a warning" });
  assertEquals([first.warnings.length, second.warnings.length], [0, 1]);
  await close(first, second);
});

/** Answers the question that a server has got. */
async function answerNext({ got, peers }: Server, answer: (question: string) => Uint8Array) {
  const isQuestion = (text: string) => /^\d+ \S+ ask$/.test(text);
  await waitFor(() => got.some(isQuestion), { what: "a question" });
  const [id, from, question] = got.splice(got.findIndex(isQuestion), 1)[0]!.split(" ");
  for (const part of answerParts(answer(question!))!) peers.answer(`${id} ${from}`, part);
}

Deno.test("peers: all other servers are asked, and long answers come whole", async () => {
  const engine = new LoopbackEngine();
  const [first, ...others] = [
    await server(engine),
    await server(engine),
    await server(engine),
  ] as const;
  const answers = first.peers.survey(utf8("ask"));
  const long = new Uint8Array(300_000).map((_, i) => i);
  await Promise.all(others.map((one, i) => answerNext(one, () => i === 0 ? utf8("x") : long)));
  const found = [...(await answers)!].sort((a, b) => a.length - b.length);
  assertEquals(found, [utf8("x"), long]);
  assertEquals([first.got, first.warnings], [[], []]);
  await close(first, ...others);
});

Deno.test("peers: a server that does not answer is left out, and told of once", async () => {
  const engine = new LoopbackEngine();
  const [first, second, third] = [
    await server(engine),
    await server(engine),
    await server(engine, "silent"),
  ];
  for (let i = 0; i < 2; i++) {
    const answers = first.peers.survey(utf8("ask"));
    await answerNext(second, () => utf8("x"));
    assertEquals(await answers, [utf8("x")]);
  }
  assertEquals(first.warnings.length, 1);
  assertMatch(first.warnings[0]!, /silent has not answered within 1 s/);
  await close(first, second, third);
});

Deno.test("peers: without the engine a server speaks for itself alone, and too many questions are refused", async () => {
  const engine = new LoopbackEngine();
  const [first, second] = [await server(engine), await server(engine)];
  const all = await Promise.all(
    Array.from({ length: 20 }, () => first.peers.survey(utf8("ask"))),
  );
  assertEquals(all.filter((answers) => answers === undefined).length, 4);
  first.driver.cut();
  const before = first.warnings.length;
  for (let i = 0; i < 2; i++) assertEquals(await first.peers.survey(utf8("ask")), []);
  assertEquals(first.warnings.length, before + 1);
  await close(first, second);
});

Deno.test("peers: commands of a session reach its worker on the server that has it", async () => {
  const engine = new LoopbackEngine();
  const [first, second] = [await server(engine), await server(engine)];
  assertEquals(await first.peers.sessionKey(second.uid), {
    status: "known",
    key: utf8(second.uid),
  });
  assertEquals(await first.peers.sessionKey("nobody"), { status: "unknown" });
  const to = { server: second.uid, worker: 1 };
  for (const text of ["1", "2", "x".repeat(20_000)]) {
    assertEquals(await first.peers.pass(to, "session", utf8(text)), true);
  }
  await waitFor(() => second.got.length >= 3, { what: "the commands" });
  assertEquals(second.got.map((text) => text.slice(0, 9)), ["session 1", "session 2", "session x"]);
  assertEquals(first.got, []);
  first.driver.cut();
  assertEquals(await first.peers.pass(to, "session", utf8("4")), false);
  await close(first, second);
});
