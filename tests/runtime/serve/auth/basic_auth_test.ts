/** The guard of Basic authentication: what it caches, and which checks it computes first. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { encodeBase64 } from "@std/encoding/base64";
import { RequestHead } from "../../../../protocol/mod.ts";
import { BasicAuth } from "../../../../runtime/serve/auth/mod.ts";
import type { JudgedClient, Verdict } from "../../../../runtime/serve/session/mod.ts";
import { cheapHash } from "../../../support/cheap_hash.ts";

const ALICE = cheapHash("secret");

function head(authorization: string | undefined): RequestHead {
  const request = new RequestHead();
  request.field = (name) => name === "authorization" ? authorization : undefined;
  return request;
}

function basic(credentials: string): string {
  return `Basic ${encodeBase64(new TextEncoder().encode(credentials))}`;
}

function client(parts: Partial<JudgedClient> = {}): JudgedClient {
  return { clientAddress: "192.0.2.1", hasLeft: false, hasEnded: false, ...parts };
}

Deno.test("basic auth: valid credentials are hashed once and cached", async () => {
  const guard = new BasicAuth(new Map([["alice", ALICE], ["bob", cheapHash("a:b")]]));
  const first = guard.judge(head(basic("alice:secret")), client());
  assert(first instanceof Promise);
  assertEquals(await first, { user: "alice" });
  assertEquals(guard.judge(head(basic("alice:secret")), client()), { user: "alice" });
  const second = await guard.judge(head(basic("bob:a:b")), client());
  assertEquals(second, { user: "bob" }, "a password may have colons");
});

Deno.test("basic auth: everything else is refused", async () => {
  const guard = new BasicAuth(new Map([["alice", ALICE]]));
  const wrong = ["alice:Secret", "alice:", "Alice:secret", ":", "mallory:secret"].map(basic);
  const malformed = [
    undefined,
    "",
    "Basic",
    "Basic !!",
    "Bearer abc",
    basic("nocolon"),
    "Basic /w==",
    "Basic A", // five digits, or one, are the Base64 of nothing
    "Basic YWxpY",
  ];
  for (const field of [...wrong, ...malformed]) {
    assertEquals(await guard.judge(head(field), client()), "refused", field);
  }
  assertEquals(
    await guard.judge(head(basic("alice:secret").replace("Basic", "bAsIc")), client()),
    { user: "alice" },
  );
});

/** A guard whose checks end when the test says so. */
class Bench {
  /** The passwords whose checks were begun, in order. */
  readonly begun: string[] = [];
  /** The verdicts so far, by password. */
  readonly verdicts: Record<string, Verdict> = {};
  now = 0;
  readonly #ends: (() => void)[] = [];
  readonly #guard = new BasicAuth(new Map([["alice", ALICE]]), {
    now: () => this.now,
    verify: (password) => {
      this.begun.push(password);
      return new Promise((resolve) => this.#ends.push(() => resolve(password === "secret")));
    },
  });

  ask(password: string, from: JudgedClient = client()): Promise<void> {
    const verdict = this.#guard.judge(head(basic(`alice:${password}`)), from);
    return Promise.resolve(verdict).then((settled) => void (this.verdicts[password] = settled));
  }

  /** Ends the oldest check that is being computed, and lets what waits for it run. */
  async end(): Promise<void> {
    this.#ends.shift()?.();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  /** Ends all checks. */
  async endAll(): Promise<void> {
    while (this.#ends.length > 0) await this.end();
  }
}

/** Each of them sends another wrong password. */
function guess(bench: Bench, count: number, from: Partial<JudgedClient> = {}): void {
  for (let i = 0; i < count; i++) void bench.ask(`${from.clientAddress ?? ""}#${i}`, client(from));
}

Deno.test("basic auth: a check whose client has left is not computed", async () => {
  const bench = new Bench();
  const clients = Array.from({ length: 6 }, () => ({ ...client(), hasLeft: false }));
  for (const [i, from] of clients.entries()) void bench.ask(`${i}`, from);
  for (const from of clients) from.hasLeft = true;
  await bench.endAll();
  assertEquals(bench.begun, ["0", "1"]);
  assertEquals(Object.keys(bench.verdicts).length, 6, "no promise stays pending");
});

Deno.test("basic auth: a client at an address waits for one check of each other address", async () => {
  const bench = new Bench();
  for (const clientAddress of ["192.0.2.7", "192.0.2.8"]) guess(bench, 60, { clientAddress });
  void bench.ask("secret", client({ clientAddress: "198.51.100.1" }));
  await bench.endAll();
  assertEquals(bench.verdicts["secret"], { user: "alice" });
  assert(bench.begun.indexOf("secret") <= 4, bench.begun.join());
});

Deno.test("basic auth: the addresses of one IPv6 /64 are one client, and those of IPv4 are not", async () => {
  const bench = new Bench();
  for (let i = 0; i < 40; i++) {
    void bench.ask(`${i}`, client({ clientAddress: `2001:db8:0:1::${i}` }));
  }
  for (const end of [1, 2]) {
    void bench.ask(`v4 ${end}`, client({ clientAddress: `192.0.2.${end}` }));
    void bench.ask(`v6 ${end}`, client({ clientAddress: `2001:db8:0:1${end}::1` }));
  }
  await bench.endAll();
  assert(bench.begun.indexOf("v6 2") <= 6, bench.begun.join());
  assertEquals(Object.values(bench.verdicts).filter((one) => one === "busy").length, 40 - 2 - 8);
});

Deno.test("basic auth: within an address, the newest check is first, and clients that ended their stream are last", async () => {
  const bench = new Bench();
  guess(bench, 10);
  void bench.ask("secret");
  guess(bench, 60, { clientAddress: "192.0.2.1", hasEnded: true });
  await bench.end();
  assertEquals(bench.begun.at(-1), "secret");
  await bench.endAll();
  assertEquals(bench.verdicts["secret"], { user: "alice" });
});

Deno.test("basic auth: too many guesses at once are answered 503, from one address or from many", async () => {
  const one = new Bench();
  guess(one, 100);
  await one.endAll();
  const busy = (bench: Bench) =>
    Object.values(bench.verdicts).filter((verdict) => verdict === "busy").length;
  assertEquals(busy(one), 100 - 2 - 8);
  const many = new Bench();
  for (let i = 0; i < 100; i++) guess(many, 1, { clientAddress: `192.0.2.${i}` });
  await many.endAll();
  assertEquals(busy(many), 100 - 2 - 32);
  assertEquals(many.begun.length, 2 + 32);
});

Deno.test("basic auth: equal credentials share one check, and wrong ones are remembered for ten seconds", async () => {
  const bench = new Bench();
  const answers = Array.from({ length: 50 }, () => bench.ask("wrong"));
  await bench.endAll();
  await Promise.all(answers);
  assertEquals([bench.begun, bench.verdicts["wrong"]], [["wrong"], "refused"]);
  bench.now = 9_999;
  await bench.ask("wrong");
  assertEquals(bench.begun.length, 1);
  bench.now = 10_000;
  const again = bench.ask("wrong");
  await bench.endAll();
  await again;
  assertEquals(bench.begun.length, 2);
});

Deno.test("basic auth: known credentials are admitted at once while wrong ones wait", async () => {
  const bench = new Bench();
  const first = bench.ask("secret");
  await bench.endAll();
  await first;
  guess(bench, 60);
  await bench.ask("secret");
  assertEquals(bench.verdicts["secret"], { user: "alice" });
});

Deno.test("basic auth: a check that fails rejects, and the next one is computed", async () => {
  const guard = new BasicAuth(new Map([["alice", ALICE]]), {
    verify: () => Promise.reject(new RangeError("no memory")),
  });
  for (let i = 0; i < 4; i++) {
    const verdict = guard.judge(head(basic(`alice:${i}`)), client());
    await assertRejects(async () => await verdict, RangeError, "no memory");
  }
});
