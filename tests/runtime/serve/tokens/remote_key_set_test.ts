/** A key set at an address that fails, with a real server, and with times that are short enough to pass. */

import { assertEquals } from "@std/assert";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { type KeySetTimes, RemoteKeySet } from "../../../../runtime/serve/tokens/remote_key_set.ts";
import { waitFor } from "../../../support/wait_for.ts";

const LONG = 3_600_000;

/** An issuer with one key, whose address can fail. */
class Issuer {
  isAway = false;
  requests = 0;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #privateKey: CryptoKey;

  constructor(privateKey: CryptoKey, keys: readonly unknown[]) {
    this.#privateKey = privateKey;
    const options = { port: 0, hostname: "127.0.0.1", onListen: () => undefined };
    this.#server = Deno.serve(options, () => {
      this.requests++;
      return this.isAway ? new Response(null, { status: 503 }) : Response.json({ keys });
    });
  }

  static async make(): Promise<Issuer> {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
    return new Issuer(privateKey, [{ ...await exportJWK(publicKey), kid: "a" }]);
  }

  keySet(times: Partial<KeySetTimes>): RemoteKeySet {
    return new RemoteKeySet(`http://127.0.0.1:${this.#server.addr.port}/jwks.json`, times);
  }

  /** How many keys the set has for a token with this kid, or the kind of the fault. */
  async find(set: RemoteKeySet, kid = "a"): Promise<number | string> {
    const header = { alg: "ES256", kid };
    const token = await new SignJWT({}).setProtectedHeader(header).sign(this.#privateKey);
    const found = await set.keysFor(token, header);
    return "fault" in found ? found.fault : found.length;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.shutdown();
  }
}

Deno.test("key set: while its address fails, the keys that were read go on, and few requests are made", async () => {
  await using issuer = await Issuer.make();
  const set = issuer.keySet({ fresh: 0, pause: LONG, longestPause: LONG });
  assertEquals([await issuer.find(set), issuer.requests], [1, 1]);
  issuer.isAway = true;
  for (let i = 0; i < 20; i++) assertEquals(await issuer.find(set), 1);
  assertEquals(await Promise.all([issuer.find(set), issuer.find(set)]), [1, 1]);
  assertEquals(issuer.requests, 2);
  // It may be a new key.
  assertEquals(await issuer.find(set, "new"), "unavailable");
  assertEquals(issuer.requests, 2);
});

Deno.test("key set: after the pause its address is asked again, and what it says counts", async () => {
  await using issuer = await Issuer.make();
  const set = issuer.keySet({ fresh: 0, pause: 1, longestPause: 1 });
  issuer.isAway = true;
  assertEquals(await issuer.find(set), "unavailable");
  issuer.isAway = false;
  await waitFor(async () => await issuer.find(set) === 1, { what: "the keys" });
  assertEquals(await issuer.find(set, "new"), 0);
});

Deno.test("key set: keys are not kept for ever", async () => {
  await using issuer = await Issuer.make();
  const set = issuer.keySet({ fresh: 0, kept: 0, pause: LONG, longestPause: LONG });
  assertEquals(await issuer.find(set), 1);
  issuer.isAway = true;
  assertEquals(await issuer.find(set), "unavailable");
});

Deno.test("key set: tokens that come together while it fails count as one failure", async () => {
  await using issuer = await Issuer.make();
  issuer.isAway = true;
  const set = issuer.keySet({ pause: LONG, longestPause: LONG });
  const found = await Promise.all(Array.from({ length: 10 }, () => issuer.find(set)));
  assertEquals(found, Array(10).fill("unavailable"));
  assertEquals([await issuer.find(set), issuer.requests], ["unavailable", 1]);
});
