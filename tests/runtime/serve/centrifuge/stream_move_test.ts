/** Clients at the end of a stream that go on in another process: their sessions, and what comes for them meanwhile. */

import { assert, assertEquals } from "@std/assert";
import { FRAMINGS } from "../../../../protocol/centrifuge/mod.ts";
import { SessionNames } from "../../../../runtime/serve/centrifuge/session_names.ts";
import { StreamSessions } from "../../../../runtime/serve/centrifuge/stream_sessions.ts";
import { Wire } from "../../../../runtime/serve/centrifuge/wire.ts";
import type { AnswerStream, StreamListener } from "../../../../runtime/serve/session/mod.ts";
import { Stores, textOf, utf8 } from "../../channels/stores.ts";
import { ClientBench, type Reply } from "./client_bench.ts";

const CHANNEL = "chat:a";

/** Keeps what is sent. */
class FakeAnswer implements AnswerStream {
  isOpen = true;
  readonly queuedBytes = 0;
  #text = "";

  send(bytes: Uint8Array, start: number, end: number): number {
    this.#text += textOf(bytes.subarray(start, end));
    return end - start;
  }

  end(): void {
    this.isOpen = false;
  }

  abort(): void {
    this.isOpen = false;
  }

  /** What came since the last time. */
  take(): Reply[] {
    const lines = this.#text.split("\n").filter((line) => line !== "");
    this.#text = "";
    return lines.map((line) => JSON.parse(line));
  }
}

/** One worker of one server. */
class StreamBench {
  readonly bench: ClientBench;
  readonly sessions: StreamSessions;
  readonly #wire: Wire<Uint8Array>;

  constructor(stores: Stores, worker = 0) {
    const bench = this.bench = new ClientBench({ stores, worker });
    const { context, directory, meter } = bench;
    const names = new SessionNames(stores.main.sharedKey);
    this.sessions = new StreamSessions({ context, directory, names });
    const seal = (bytes: Uint8Array, start: number, end: number) => bytes.slice(start, end);
    const framing = FRAMINGS.http_stream;
    this.#wire = new Wire({ transport: "http_stream", framing, seal, meter });
  }

  /** A connected and subscribed client. */
  begin() {
    const session = this.sessions.create(this.#wire);
    const answer = new FakeAnswer();
    session.begin(answer, utf8('{"id":1,"connect":{}}'));
    const id: string = session.session;
    assertEquals(answer.take()[0].connect.session, id);
    this.receive(id, { id: 2, subscribe: { channel: CHANNEL } });
    assertEquals(answer.take().length, 1);
    return { session, id, answer };
  }

  receive(id: string, command: Record<string, unknown>): boolean {
    return this.sessions.receive(id, utf8(JSON.stringify(command)));
  }

  /** Goes on with a stream of the server before. */
  resume(state: Uint8Array): FakeAnswer {
    const answer = new FakeAnswer();
    this.sessions.resume(this.#wire, { goOn: (_: StreamListener) => answer }, state);
    return answer;
  }
}

function publish(id: number) {
  return { id, publish: { channel: CHANNEL, data: id } };
}

/** Ids of replies, and data of publications as texts. */
function seen(replies: readonly Reply[]): unknown[] {
  return replies.map((reply) => reply.push ? `${reply.push.pub.data}` : reply.error ?? reply.id);
}

/** The other process, which waits for the store of this one. */
function heirOf(stores: Stores, worker = 0): { after: StreamBench; heir: Stores } {
  const heir = stores.heir();
  assert(heir.main.seal());
  const after = new StreamBench(heir, worker);
  after.bench.context.hub.awaitStore();
  after.sessions.awaitStore();
  return { after, heir };
}

Deno.test("stream move: what comes for a session while it is on its way is carried out once, in order", () => {
  const stores = new Stores(256 * 1024);
  const before = new StreamBench(stores);
  const { session, id, answer } = before.begin();
  assertEquals(session.moving(), undefined, "the channels stay");
  assert(before.receive(id, publish(3)));
  const { after, heir } = heirOf(stores);
  assert(stores.main.seal());
  // It finds nothing with which it could be carried out; the publication before is still passed on.
  assert(before.receive(id, publish(4)));
  assertEquals([session.resumesAt, session.resumesOn], ["/connection/http_stream", 0]);
  const state = session.moving();
  assertEquals(seen(answer.take()), [3, "3"]);
  assertEquals(session.moving(), undefined);
  assert(!before.receive(id, publish(0)), "it has left");
  assertEquals(before.bench.directory.find(""), []);

  heir.adopt(stores);
  after.bench.turn();
  assert(after.receive(id, publish(5)));
  const moved = after.resume(state!);
  assertEquals(seen(moved.take()), [4, 5]);
  after.bench.settle();
  assertEquals(seen(moved.take()), ["4", "5"]);
  assert(after.receive(id, publish(6)));
  after.bench.settle();
  assertEquals(seen(moved.take()), [6, "6"]);
  assertEquals(after.bench.directory.find("", "", id).length, 1);

  // Whoever has not come does not come.
  assert(after.receive("unknown", publish(1)));
  after.bench.pass(11_000);
  assert(!after.receive("unknown", publish(1)));
  assert(after.receive(id, publish(7)));
  heir.check();
});

Deno.test("stream move: if nothing comes of it, what has waited is carried out here", () => {
  const stores = new Stores(256 * 1024);
  const before = new StreamBench(stores);
  const { id, answer } = before.begin();
  const other = before.begin();
  assert(stores.main.seal());
  for (const number of [3, 4]) assert(before.receive(id, publish(number)));
  assert(before.receive(other.id, publish(5)));
  other.session.left();
  before.bench.settle();
  assertEquals(answer.take(), []);
  stores.main.unseal();
  before.bench.settle();
  assertEquals(seen(answer.take()), [3, 4, "3", "4"]);
  // The next time is as the first one.
  assert(stores.main.seal());
  assert(before.receive(id, publish(6)));
  stores.main.unseal();
  before.bench.settle();
  assertEquals(seen(answer.take()), [6, "6"]);
});

Deno.test("stream move: little waits, and only for a session of this worker", () => {
  const stores = new Stores(256 * 1024);
  const before = new StreamBench(stores);
  const { session, id } = before.begin();
  const { after: wrong, heir } = heirOf(stores, 1);
  assert(stores.main.seal());
  const data = "x".repeat(60_000);
  const long = { id: 3, publish: { channel: CHANNEL, data } };
  let count = 0;
  while (count < 100 && before.receive(id, long)) count++;
  assert(count > 3 && count < 40, `${count}`);
  const state = session.moving();
  heir.adopt(stores);
  wrong.bench.turn();
  assertEquals(wrong.resume(state!).isOpen, false);
  assertEquals(wrong.bench.directory.find(""), []);
  const other = new TextDecoder().decode(state).replace('"version":1', '"version":2');
  assertEquals(wrong.resume(utf8(other)).isOpen, false);
});
