/** Streams that leave one server, and go on in another one: here on the same store. */

import { assert, assertEquals } from "@std/assert";
import { DISCONNECTS } from "../../../../protocol/centrifuge/mod.ts";
import {
  CHANNEL_LIMITS,
  CHANNEL_OPTIONS,
  type ChannelOptions,
} from "../../../../runtime/config/mod.ts";
import {
  decodeMovedStream,
  encodeMovedStream,
} from "../../../../runtime/serve/channel_streams/moved_stream.ts";
import { type ClientHooks, ClientIdentity } from "../../../../runtime/serve/centrifuge/mod.ts";
import { ChannelRules } from "../../../../runtime/serve/channels/mod.ts";
import { OPEN } from "../../../support/channel_options.ts";
import { publication, utf8 } from "../../channels/stores.ts";
import { ClientBench } from "../centrifuge/client_bench.ts";
import { type BenchStream, StreamBench } from "./stream_bench.ts";

const SKIP = { ...OPEN, slowPolicy: "skip" } as const;

/** One worker, and what its hooks are told. */
class Worker extends ClientBench {
  readonly streams = new StreamBench(this);
  readonly gone: string[];

  constructor() {
    const gone: string[] = [];
    const hooks: Partial<ClientHooks> = {
      disconnect: ({ identity }) => void gone.push(identity.id),
    };
    const config = { namespaces: { chat: OPEN, skip: SKIP } };
    super({ config, slowBytes: 500, hooks: hooks as ClientHooks });
    this.gone = gone;
  }

  publish(channel: string, data: unknown): void {
    this.stores.main.publish(utf8(channel), publication(JSON.stringify(data)));
  }
}

/** The data of all events; there must be none that says that something is lost. */
function dataOf(stream: BenchStream): unknown[] {
  const seen = stream.read();
  assertEquals(seen.dataOf("lost"), []);
  return seen.dataOf("message").map(({ data }) => data);
}

for (const names of [["chat:a"], ["chat:a", "chat:b"]]) {
  Deno.test(`moved stream: of ${names.length}, goes on where it was, and nobody is told that it has left`, () => {
    const worker = new Worker();
    const one = worker.streams.open(names);
    assertEquals(one.stream.resumesAt, "/channels/sse");
    worker.publish("chat:a", 1);
    // What is published goes out before it leaves.
    const state = one.stream.moving()!; // it is settled
    assertEquals(dataOf(one), [1]);
    assertEquals([worker.context.hub.channelCount, worker.directory.find("", "").length], [0, 0]);
    worker.publish("chat:a", 2);
    const left = decodeMovedStream(state, worker.context)!; // the same config
    assertEquals(left.access.identity.id, one.stream.identity.id);
    const next = worker.streams.begin(left.access, left.since);
    worker.publish("chat:a", 3);
    worker.settle();
    assertEquals([dataOf(next), one.answer.fate, worker.gone], [[2, 3], undefined, []]);
    next.cut();
    assertEquals(worker.gone, [one.stream.identity.id]);
  });
}

Deno.test("moved stream: a slow one does not move before it has read, and one with capabilities never", () => {
  const worker = new Worker();
  const slow = worker.streams.open(["skip:a"]);
  slow.read();
  slow.answer.isQueueing = true;
  for (const data of ["x".repeat(600), 2]) {
    worker.publish("skip:a", data);
    worker.settle();
  }
  assertEquals(slow.stream.moving(), undefined);
  slow.read();
  slow.read();
  assert(slow.stream.moving() !== undefined);
  const bound = worker.streams.open(["chat:a"]);
  bound.stream.identity.capabilities = [{ allow: ["sub"], covers: () => true }];
  assertEquals(bound.stream.resumesAt, undefined);
  bound.cut();
});

Deno.test("moved stream: all that its tokens have said arrives; not if the new config has no such channel", () => {
  const worker = new Worker();
  const identity = new ClientIdentity();
  identity.identify({ user: "é", capabilities: [], info: utf8('{"name":"ü"}') });
  const found = worker.context.rules.resolve("chat:a");
  if ("error" in found) throw new TypeError("there is such a namespace");
  const { channel } = found;
  const grant = { info: utf8("[1]"), data: undefined, override: { presence: true } };
  const access = {
    identity,
    channels: [{ channel, grant }, { channel, grant: undefined }],
    expireAt: 1234,
    expiry: DISCONNECTS.SUBSCRIPTION_EXPIRED,
  };
  const state = encodeMovedStream({ access, since: "a.b-c.1" });
  assertEquals(decodeMovedStream(state, worker.context), { access, since: "a.b-c.1" });
  const at = (namespaces: Record<string, ChannelOptions>, isInsecure = false) => {
    const rules = new ChannelRules({ options: CHANNEL_OPTIONS, namespaces }, CHANNEL_LIMITS);
    return decodeMovedStream(state, { rules, isInsecure });
  };
  assertEquals(at({}), undefined);
  // One of the two has no grant.
  const closed = { ...OPEN, access: CHANNEL_OPTIONS.access };
  assertEquals(at({ chat: closed }), undefined);
  assert(at({ chat: closed }, true) !== undefined);
  const other = utf8(new TextDecoder().decode(state).replace('"format":1', '"format":2'));
  assertEquals(decodeMovedStream(other, worker.context), undefined);
});
