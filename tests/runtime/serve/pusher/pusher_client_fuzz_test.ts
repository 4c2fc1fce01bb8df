/**
 * Any messages of clients of the Pusher protocol, with right and with altered signatures, end in answers or in a close code, never in an
 * exception; nobody gets into a restricted channel, or becomes a user, by a signature that is not right; the store stays whole, and nothing
 * is left of clients that are gone. Seeded: a failure names its seed. FUZZ_RUNS sets the number of inputs, FUZZ_SEED the first seed.
 */

import { assert, assertEquals } from "@std/assert";
import { Random } from "../../../support/random.ts";
import { Stores } from "../../channels/stores.ts";
import { type Came, PusherBench, type PusherBenchClient } from "./pusher_bench.ts";

const RUNS = Number(Deno.env.get("FUZZ_RUNS") ?? 10_000) / 100;
const SEED = Number(Deno.env.get("FUZZ_SEED") ?? 1);
const MESSAGES = 60;

const CHANNELS = [
  "orders",
  "private-a",
  "private-encrypted-a",
  "private-cache-a",
  "cache-a",
  "presence-a",
  "presence-cache-a",
  "#server-to-user-1",
  "a:b",
  "",
];
const MEMBERS = ['{"user_id":"1"}', '{"user_id":2,"user_info":{"a":1.0}}', "{}", "[", '"1"'];
const USERS = ['{"id":"1"}', '{"id":"2"}', '{"id":""}', "{"];
const DATA = [{}, [], null, 1, "text", { a: "é\ud800" }, "x".repeat(3000)];

/** What happened, so that a run that is always refused early is noticed. */
type Met = Map<string, number>;

class Fuzzer {
  readonly #random: Random;
  readonly #met: Met;
  /** Who has signed in. */
  readonly #users = new Map<PusherBenchClient, string>();

  constructor(random: Random, met: Met) {
    this.#random = random;
    this.#met = met;
  }

  one<T>(of: readonly T[]): T {
    return of[this.#random.below(of.length)]!;
  }

  chance(part: number): boolean {
    return this.#random.below(part) === 0;
  }

  note(what: string): void {
    this.#met.set(what, (this.#met.get(what) ?? 0) + 1);
  }

  /** A signature, or one that differs from it. */
  signature(right: string): string {
    if (this.chance(2)) return right;
    const at = this.#random.below(right.length);
    const other = this.one(["0", "a", "f", "F", ":", "", "é", " ", "00"]);
    return right.slice(0, at) + other + right.slice(at + this.#random.below(3));
  }

  async send(client: PusherBenchClient, others: readonly PusherBenchClient[]): Promise<void> {
    const kind = this.#random.below(10);
    if (kind < 4) return await this.#subscribe(client, others);
    if (kind === 4) return await this.#signIn(client);
    const channel = this.one(CHANNELS);
    if (kind === 5) return void await client.send("pusher:unsubscribe", { channel });
    if (kind < 9) {
      const event = this.one(["client-a", `client-${"b".repeat(300)}`, "placed", "pusher:ping"]);
      return void await client.send(event, this.one(DATA), channel);
    }
    const text = JSON.stringify({ event: "pusher:subscribe", data: { channel, auth: "" } });
    const at = this.#random.below(text.length + 1);
    const spoilt = text.slice(0, at) + this.one(["{", '"', "\\", "\0", "é"]) + text.slice(at + 1);
    await client.sendText(spoilt);
  }

  /** Asks for a channel with a signature of this client, of another one, of another channel, or an altered one. */
  async #subscribe(client: PusherBenchClient, others: readonly PusherBenchClient[]): Promise<void> {
    const channel = this.one(CHANNELS);
    const member = channel.startsWith("presence-") || this.chance(10)
      ? this.one(MEMBERS)
      : undefined;
    const right = client.auth(channel, member);
    const auth = this.signature(
      this.chance(4)
        ? this.one([
          this.one(others).auth(channel, member),
          client.auth(this.one(CHANNELS), member),
          client.auth(channel, this.one(MEMBERS)),
        ])
        : right,
    );
    const data = { channel, auth, channel_data: member };
    const came = await client.send("pusher:subscribe", data);
    const isIn = has(came, "pusher_internal:subscription_succeeded", channel);
    this.note(isIn ? "subscribed" : "not subscribed");
    const isRestricted = channel.startsWith("private-") || channel.startsWith("presence-");
    if (isRestricted && isIn) assertEquals(auth, right);
    if (isRestricted && auth !== right) this.note("a wrong signature");
    if (!isIn || !channel.startsWith("#")) return;
    assertEquals(this.#users.get(client), "1");
    this.note("a channel of a user");
  }

  async #signIn(client: PusherBenchClient): Promise<void> {
    const userData = this.one(USERS);
    const right = client.userAuth(userData);
    const auth = this.signature(this.chance(8) ? client.auth("private-a") : right);
    const came = await client.send("pusher:signin", { auth, user_data: userData });
    const isIn = has(came, "pusher:signin_success");
    this.note(isIn ? "signed in" : "not signed in");
    if (!isIn) return;
    assertEquals(auth, right);
    this.#users.set(client, JSON.parse(userData).id);
  }
}

function has(came: readonly Came[], event: string, channel?: string): boolean {
  return came.some((one) => one.event === event && one.channel === channel);
}

async function run(random: Random, met: Met): Promise<void> {
  const stores = new Stores(256 * 1024);
  const bench = new PusherBench({
    stores,
    app: { clientEvents: true },
    limits: { channelsPerConnection: 5, publicationBytes: 2000, commandsPerSecond: 50 },
  });
  const fuzzer = new Fuzzer(random, met);
  const clients: PusherBenchClient[] = Array.from({ length: 3 }, () => bench.client());
  for (let i = 0; i < MESSAGES; i++) {
    const at = random.below(clients.length);
    const client = clients[at]!;
    client.take();
    await fuzzer.send(client, clients.filter((one) => one !== client));
    if (fuzzer.chance(3)) bench.channels.settle();
    if (fuzzer.chance(20)) bench.channels.pass(1000 * random.below(200));
    if (client.client.isClosed || fuzzer.chance(30)) {
      client.client.closed();
      clients[at] = bench.client();
    }
  }
  for (const { client } of clients) client.closed();
  await bench.channels.followed();
  bench.channels.settle();
  stores.check();
  assertEquals(bench.channels.reported, []);
  for (const name of CHANNELS) {
    const key = new TextEncoder().encode(`shop:${name}`);
    assertEquals(stores.main.subscriberCount(key), 0, name);
    assertEquals(stores.main.presenceStats(key).clients, 0, name);
  }
}

Deno.test(`pusher client fuzz: ${RUNS} runs of ${MESSAGES} messages from seed ${SEED}`, async () => {
  const met: Met = new Map();
  for (let i = 0; i < RUNS; i++) {
    const seed = SEED + i;
    try {
      await run(new Random(seed), met);
    } catch (error) {
      throw new Error(`pusher client fuzz failed: FUZZ_SEED=${seed} FUZZ_RUNS=100`, {
        cause: error,
      });
    }
  }
  if (RUNS < 100) return;
  const wanted = ["subscribed", "not subscribed", "a wrong signature", "a channel of a user"];
  wanted.push("signed in", "not signed in");
  for (const what of wanted) assert((met.get(what) ?? 0) >= 10, `${what}: ${met.get(what)}`);
});
