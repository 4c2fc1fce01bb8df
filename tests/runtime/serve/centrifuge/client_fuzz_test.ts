/**
 * Any bytes as messages of a client, and any order of commands, end in replies or in a close code, never in an exception; the
 * store stays whole, and nothing is left of the clients when they are gone. Seeded.
 */

import { assert, assertEquals } from "@std/assert";
import { OPEN } from "../../../support/channel_options.ts";
import { Random } from "../../../support/random.ts";
import type { ClientHooks, HookAnswer } from "../../../../runtime/serve/centrifuge/client_hooks.ts";
import { Stores, textOf, utf8 } from "../../channels/stores.ts";
import { type BenchClient, ClientBench } from "./client_bench.ts";

const RUNS = Number(Deno.env.get("FUZZ_RUNS") ?? 10_000) / 100;
const MESSAGES = 100;

const VALUES = [
  '"chat:a"',
  '"chat:b"',
  '"closed:a"',
  '"nowhere:a"',
  '"$chat:a"',
  '""',
  `"chat:${"x".repeat(300)}"`,
  "1",
  "-1",
  "0",
  "4294967296",
  "1e3",
  "true",
  "false",
  "null",
  "{}",
  "[]",
  '{"offset":1,"epoch":"1-1"}',
  '{"chat:a":{"recover":true}}',
  '"\\ud800"',
  '"fossil"',
  `"${"y".repeat(70_000)}"`,
];
const COMMANDS = [
  "connect",
  "subscribe",
  "unsubscribe",
  "publish",
  "presence",
  "presence_stats",
  "history",
  "rpc",
  "send",
  "refresh",
  "sub_refresh",
  "nonsense",
];
const FIELDS = [
  "channel",
  "data",
  "token",
  "recover",
  "recoverable",
  "positioned",
  "join_leave",
  "offset",
  "epoch",
  "flag",
  "limit",
  "since",
  "reverse",
  "subs",
  "method",
  "delta",
  "tf",
  "type",
];

class Fuzzer {
  readonly #random: Random;
  #id = 1;

  constructor(random: Random) {
    this.#random = random;
  }

  one<T>(of: readonly T[]): T {
    return of[this.#random.below(of.length)]!;
  }

  chance(part: number): boolean {
    return this.#random.below(part) === 0;
  }

  message(): string {
    const lines = Array.from({ length: 1 + this.#random.below(4) }, () => this.#command());
    const text = lines.join("\n");
    if (!this.chance(20)) return text;
    const at = this.#random.below(text.length + 1);
    return text.slice(0, at) + String.fromCharCode(this.#random.below(256)) + text.slice(at + 1);
  }

  #command(): string {
    if (this.chance(20)) return "{}";
    const name = this.chance(30) ? this.one(COMMANDS) : this.one(COMMANDS.slice(1, 7));
    const channel = this.chance(8) ? this.one(VALUES) : this.one(VALUES.slice(0, 4));
    const fields = new Map([["channel", channel], ["data", this.one(VALUES)]]);
    for (let i = this.#random.below(4); i > 0; i--) fields.set(this.one(FIELDS), this.one(VALUES));
    if (name === "refresh" || name === "sub_refresh") fields.set("token", '"t"');
    const body = [...fields].map(([field, value]) => `"${field}":${value}`).join(",");
    return `{"id":${this.#id++},"${name}":{${body}}}`;
  }
}

/** An app that decides at random: at once or later, by grants, errors and ends of connections. */
function randomHooks(fuzzer: Fuzzer, now: () => number): ClientHooks {
  const decide = <Grant>(grant: () => Grant): HookAnswer<Grant> | Promise<HookAnswer<Grant>> => {
    const answer = (): HookAnswer<Grant> => {
      if (fuzzer.chance(3)) return undefined;
      if (fuzzer.chance(4)) return { error: { code: 403, message: "no", temporary: false } };
      if (fuzzer.chance(30)) return { disconnect: { code: 3503, reason: "out" } };
      return grant();
    };
    if (!fuzzer.chance(2)) return answer();
    return fuzzer.chance(2) ? Promise.resolve().then(answer) : new Promise((resolve) => {
      setTimeout(() => resolve(answer()));
    });
  };
  const expireAt = () => fuzzer.chance(2) ? undefined : now() + fuzzer.one([-1, 0, 1, 10]);
  const json = () => fuzzer.chance(2) ? undefined : utf8(fuzzer.one(['{"a":1}', "null", '"é"']));
  return {
    connect: ({ data }) => {
      if (data !== undefined) JSON.parse(textOf(data));
      return decide(() => ({
        user: fuzzer.one([undefined, "", "ann"]),
        expireAt: expireAt(),
        info: json(),
        data: json(),
        channels: fuzzer.one([[], ["chat:a"], ["chat:a", "closed:a", "nowhere:a"]]),
      }));
    },
    refresh: () => decide(() => ({ expireAt: expireAt() })),
    subscribe: () => decide(() => ({ info: json(), data: json(), expireAt: expireAt() })),
    subRefresh: () => decide(() => ({ expireAt: expireAt() })),
    publish: ({ data }) => {
      JSON.parse(textOf(data));
      return decide(() => ({ data: json(), skipHistory: fuzzer.chance(3) }));
    },
    rpc: () => decide(() => ({ data: utf8("[1]") })),
    message: () => decide(() => ({})),
    disconnect: ({ identity }) => assert(identity.id !== ""),
  };
}

async function run(seed: number, hasHooks: boolean): Promise<number> {
  const fuzzer = new Fuzzer(new Random(seed));
  const stores = new Stores(256 * 1024);
  const chat = { ...OPEN, joinLeave: true, historySize: 20 };
  const config = { namespaces: { chat, closed: OPEN } };
  let now = () => 0;
  const hooks = hasHooks ? { hooks: randomHooks(fuzzer, () => now()) } : {};
  const bench = new ClientBench({ stores, config, ...hooks });
  now = () => bench.context.epochSeconds();
  const clients: BenchClient[] = [];
  let answered = 0;
  for (let i = 0; i < MESSAGES; i++) {
    const usable = clients.filter(({ client }) => !client.isClosed);
    const isNew = usable.length === 0 || (usable.length < 5 && fuzzer.chance(10));
    const one = isNew ? bench.client() : fuzzer.one(usable);
    if (isNew) clients.push(one);
    if (isNew && !fuzzer.chance(5)) await one.connect();
    const replies = await one.sendText(fuzzer.message());
    answered += replies.length;
    if (fuzzer.chance(3)) bench.settle();
    if (fuzzer.chance(10)) bench.pass(5_000);
    if (fuzzer.chance(30)) one.client.closed();
    const code = one.link.ended?.code;
    assert(code === undefined || (code >= 3000 && code < 4000) || code === 1009, `${code}`);
  }
  for (const { client } of clients) {
    client.closed();
    bench.directory.remove(client);
  }
  bench.settle();
  assertEquals(bench.context.hub.channelCount, 0);
  stores.main.channels((_, counts) => assertEquals([counts.subscribers, counts.members], [0, 0]));
  stores.check();
  assertEquals(bench.reported, []);
  return answered;
}

for (const hasHooks of [false, true]) {
  const beside = hasHooks ? ", with an app that decides at random" : "";
  Deno.test(`client: ${RUNS * MESSAGES} fuzzed messages${beside}`, async () => {
    let answered = 0;
    for (let seed = 1; seed <= RUNS; seed++) {
      try {
        answered += await run(seed, hasHooks);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
    assert(answered > RUNS * MESSAGES / 4, `${answered} replies`);
  });
}
