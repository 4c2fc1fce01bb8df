/**
 * Tokens that are signed by jose and by openssl, one for each algorithm; and those that must not be taken for valid.
 * The key set is served by a real server.
 */

import { assert, assertEquals } from "@std/assert";
import { encodeBase64Url } from "npm:deno-std@1.4.0/encoding/base64url.js";
import {
  CompactSign,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  importPKCS8,
  SignJWT,
  UnsecuredJWT,
} from "jose";
import { NO_TOKENS } from "../../../../runtime/config/mod.ts";
import {
  loadTokenKeys,
  type TokenKeys,
  TokenVerifier,
} from "../../../../runtime/serve/tokens/mod.ts";
import {
  importPublicKeys,
  PUBLIC_KEY_ALGORITHMS,
} from "../../../../runtime/serve/tokens/public_keys.ts";

const UTF8 = new TextEncoder();
const SECRET = "0123456789abcdef0123456789abcdef";
const NOW = 1_800_000_000;
const ANY = { audience: undefined, issuer: undefined };

const NO_KEYS: TokenKeys = { hmacSecrets: [], publicKeys: new Map(), jwksEndpoint: undefined };

function secretsOf(...secrets: string[]): TokenKeys {
  return { ...NO_KEYS, hmacSecrets: secrets.map((secret) => UTF8.encode(secret)) };
}

async function pemKeys(...pems: string[]): Promise<TokenKeys> {
  const files = new Map(pems.map((pem, i) => [`${i}.pem`, pem]));
  const config = { ...NO_TOKENS, publicKeyFiles: [...files.keys()] };
  const places = { readText: (path: string) => files.get(path)!, variable: () => undefined };
  return await loadTokenKeys(config, places);
}

function sign(alg: string, key: CryptoKey | Uint8Array, claims = {}, header = {}): Promise<string> {
  const payload = { sub: "42", exp: NOW + 60, ...claims };
  return new SignJWT(payload).setProtectedHeader({ alg, ...header }).sign(key);
}

/** The user, or the kind of the fault. */
async function outcome(keys: TokenKeys, token: string): Promise<string> {
  const found = await new TokenVerifier(keys, ANY).connection(token, NOW);
  return "fault" in found ? found.fault : found.user;
}

for (const alg of ["HS256", "HS384", "HS512"]) {
  Deno.test(`token: ${alg} by jose`, async () => {
    const token = await sign(alg, UTF8.encode(SECRET));
    assertEquals(await outcome(secretsOf(SECRET), token), "42");
    assertEquals(await outcome(secretsOf(`${SECRET}x`), token), "invalid");
    assertEquals(
      await outcome(secretsOf("x".repeat(32), SECRET), token),
      "42",
      "the second secret",
    );
    assertEquals(await outcome(NO_KEYS, token), "invalid");
  });
}

/** Deno 2.4 makes and imports P-521 keys, and can neither sign nor verify with them. */
const HAS_P521 = await generateKeyPair("ES512")
  .then(({ privateKey }) => sign("ES512", privateKey)).then(() => true, () => false);

async function expectNoP521(): Promise<void> {
  const pair = await openssl(["ecparam", "-name", "secp521r1", "-genkey", "-noout"]);
  const spki = await openssl(["pkey", "-pubout", "-in"], pair);
  const fault = await pemFault(new TextDecoder().decode(spki));
  assert(fault.includes("cannot verify: use P-256 or P-384"), fault);
}

for (const alg of PUBLIC_KEY_ALGORITHMS) {
  Deno.test(`token: ${alg} by jose`, async () => {
    if (alg === "ES512" && !HAS_P521) return await expectNoP521();
    const [own, other] = [await keyPair(alg), await keyPair(alg)];
    const token = await sign(alg, own.privateKey);
    const [mine, others] = [await exportSPKI(own.publicKey), await exportSPKI(other.publicKey)];
    assertEquals(await outcome(await pemKeys(mine), token), "42");
    assertEquals(await outcome(await pemKeys(others), token), "invalid");
    assertEquals(await outcome(await pemKeys(others, mine), token), "42", "the second file");
    assertEquals(await outcome(await pemKeys(`${others}\n${mine}`), token), "42", "the second key");
    assertEquals(await outcome(await pemKeys(mine), spoiled(token)), "invalid");
  });
}

function keyPair(alg: string) {
  return generateKeyPair(alg, { extractable: true });
}

/** With one letter of the payload changed. */
function spoiled(token: string): string {
  const [header = "", payload = "", signature = ""] = token.split(".");
  const letter = payload.at(5) === "A" ? "B" : "A";
  return [header, payload.slice(0, 5) + letter + payload.slice(6), signature].join(".");
}

/** A key that openssl made, and a signature of its `dgst` or `pkeyutl`. */
async function openssl(
  args: readonly string[],
  input?: Uint8Array,
): Promise<Uint8Array> {
  const file = input === undefined
    ? undefined
    : await Deno.makeTempFile({ prefix: "async-deno-test-" });
  try {
    if (file !== undefined) await Deno.writeFile(file, input!);
    const all = file === undefined ? args : [...args, file];
    const { success, stdout, stderr } = await new Deno.Command("openssl", { args: [...all] })
      .output();
    assert(success, new TextDecoder().decode(stderr));
    return stdout;
  } finally {
    if (file !== undefined) await Deno.remove(file);
  }
}

const OPENSSL_KEYS: readonly (readonly [string, readonly string[]])[] = [
  ["RS256", ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]],
  ["ES256", ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]],
  ["ES384", ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]],
  ["ES512", ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"]],
  ["EdDSA", ["genpkey", "-algorithm", "ED25519"]],
];

for (const [alg, args] of OPENSSL_KEYS) {
  Deno.test(`token: ${alg} with a key of openssl`, async () => {
    if (alg === "ES512" && !HAS_P521) return await expectNoP521();
    const pem = new TextDecoder().decode(await openssl(args));
    const spki = new TextDecoder().decode(
      await openssl(["pkey", "-pubout", "-in"], UTF8.encode(pem)),
    );
    const token = await sign(alg, await importPKCS8(pem, alg));
    assertEquals(await outcome(await pemKeys(spki), token), "42");
  });
}

Deno.test("token: HS256 and RS256 signed by openssl, without jose", async () => {
  const half = (alg: string) =>
    [{ alg, typ: "JWT" }, { sub: "42", exp: NOW + 60 }]
      .map((part) => encodeBase64Url(JSON.stringify(part))).join(".");
  const hmac = half("HS256");
  const mac = await openssl(["dgst", "-sha256", "-hmac", SECRET, "-binary"], UTF8.encode(hmac));
  assertEquals(await outcome(secretsOf(SECRET), `${hmac}.${encodeBase64Url(mac)}`), "42");

  const key = await Deno.makeTempFile({ prefix: "async-deno-test-" });
  try {
    await Deno.writeFile(key, await openssl(["genrsa", "2048"]));
    const spki = new TextDecoder().decode(await openssl(["pkey", "-pubout", "-in", key]));
    const rsa = half("RS256");
    const signature = await openssl(["dgst", "-sha256", "-sign", key], UTF8.encode(rsa));
    const token = `${rsa}.${encodeBase64Url(signature)}`;
    assertEquals(await outcome(await pemKeys(spki), token), "42");
  } finally {
    await Deno.remove(key);
  }
});

Deno.test("token: a certificate of openssl is a key too", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    const [key, cert] = [`${folder}/key.pem`, `${folder}/cert.pem`];
    await openssl([
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-days", "1", "-subj", "/CN=tokens", "-keyout", key, "-out", cert],
    ]);
    const token = await sign("ES256", await importPKCS8(await Deno.readTextFile(key), "ES256"));
    assertEquals(await outcome(await pemKeys(await Deno.readTextFile(cert)), token), "42");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("token: a public key is never taken for a secret", async () => {
  const { publicKey } = await keyPair("RS256");
  const pem = await exportSPKI(publicKey);
  const keys = { ...await pemKeys(pem), hmacSecrets: [] };
  // RFC 8725 section 2.1: signed with the bytes of the public key as if they were a secret.
  const token = await sign("HS256", UTF8.encode(pem));
  assertEquals(await outcome(keys, token), "invalid");
  assertEquals(await outcome({ ...keys, hmacSecrets: [UTF8.encode(SECRET)] }, token), "invalid");
});

Deno.test("token: none, unknown algorithms, and what is no token", async () => {
  const key = UTF8.encode(SECRET);
  const keys = secretsOf(SECRET);
  const token = await sign("HS256", key);
  const [header = "", payload = "", signature = ""] = token.split(".");
  const withHeader = (value: unknown) =>
    `${encodeBase64Url(JSON.stringify(value))}.${payload}.${signature}`;
  const wrong = [
    "",
    ".",
    "..",
    "a.b.c",
    "hello",
    `${header}.${payload}`,
    `${header}.${payload}.`,
    `${token}.${signature}`,
    spoiled(token),
    new UnsecuredJWT({ sub: "42" }).encode(),
    withHeader({ alg: "none" }),
    withHeader({ alg: "hs256" }),
    withHeader({ alg: "HS1" }),
    withHeader({ alg: ["HS256"] }),
    withHeader({}),
    withHeader([]),
    withHeader(null),
    withHeader({ alg: "HS256", crit: ["unknown"], unknown: 1 }),
    withHeader({ alg: "HS256", kid: "another header, the same signature" }),
  ];
  for (const one of wrong) assertEquals(await outcome(keys, one), "invalid", one);
});

Deno.test("token: an unencoded payload is refused, though its signature is right", async () => {
  const payload = UTF8.encode(JSON.stringify({ sub: "42" }));
  const sign = new CompactSign(payload)
    .setProtectedHeader({ alg: "HS256", b64: true, crit: ["b64"] });
  assertEquals(await outcome(secretsOf(SECRET), await sign.sign(UTF8.encode(SECRET))), "invalid");
});

Deno.test("token: the claims of a subscription token, with payloads as they were signed", async () => {
  const claims = '{"sub":"42","channel":"a","info":{"n":12345678901234567890,"x": 1.0}}';
  const token = await new CompactSign(UTF8.encode(claims)).setProtectedHeader({ alg: "HS256" })
    .sign(UTF8.encode(SECRET));
  const found = await new TokenVerifier(secretsOf(SECRET), ANY).subscription(token, NOW);
  if ("fault" in found) throw new Error(found.reason);
  assertEquals([found.user, found.channel], ["42", "a"]);
  assertEquals(new TextDecoder().decode(found.info), '{"n":12345678901234567890,"x": 1.0}');
});

/** A server of key sets. */
async function keySetServer(answer: () => Response | Promise<Response>) {
  let requests = 0;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => undefined }, () => {
    requests++;
    return answer();
  });
  await Promise.resolve();
  return {
    endpoint: `http://127.0.0.1:${server.addr.port}/jwks.json`,
    requests: () => requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("token: keys of a key set, by kid and without", async () => {
  const pairs = await Promise.all(["RS256", "ES256", "EdDSA", "ES256"].map(keyPair));
  const keys = await Promise.all(pairs.map(async ({ publicKey }, i) => {
    return { ...await exportJWK(publicKey), kid: `key-${i}`, use: "sig" };
  }));
  // A secret in a key set would let everybody who reads it make tokens.
  const oct = { kty: "oct", k: encodeBase64Url(SECRET), kid: "secret" };
  await using server = await keySetServer(() => Response.json({ keys: [...keys, oct] }));
  const verifier = new TokenVerifier({ ...NO_KEYS, jwksEndpoint: server.endpoint }, ANY);
  const userOf = async (token: string) => {
    const found = await verifier.connection(token, NOW);
    return "fault" in found ? found.fault : found.user;
  };
  for (const [i, alg] of ["RS256", "ES256", "EdDSA", "ES256"].entries()) {
    const { privateKey } = pairs[i]!;
    assertEquals(await userOf(await sign(alg, privateKey, {}, { kid: `key-${i}` })), "42");
    assertEquals(await userOf(await sign(alg, privateKey)), "42", `${alg} without kid`);
    assertEquals(await userOf(await sign(alg, privateKey, {}, { kid: "unknown" })), "invalid");
  }
  const other = await keyPair("ES256");
  assertEquals(
    await userOf(await sign("ES256", other.privateKey, {}, { kid: "key-1" })),
    "invalid",
  );
  const hmac = await sign("HS256", UTF8.encode(SECRET), {}, { kid: "secret" });
  assertEquals(await userOf(hmac), "invalid");
  // Unknown keys do not make one request each.
  assertEquals(server.requests(), 1);
});

Deno.test("token: a weak RSA key of a key set is not used", async () => {
  const weak = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 1024 };
  const pair = await crypto.subtle.generateKey(
    { ...weak, publicExponent: Uint8Array.of(1, 0, 1) },
    true,
    ["sign", "verify"],
  );
  const keys = [{ ...await exportJWK(pair.publicKey), kid: "weak" }];
  await using server = await keySetServer(() => Response.json({ keys }));
  const half = `${encodeBase64Url('{"alg":"RS256","kid":"weak"}')}.${
    encodeBase64Url('{"sub":"42"}')
  }`;
  const signature = await crypto.subtle.sign(weak.name, pair.privateKey, UTF8.encode(half));
  const token = `${half}.${encodeBase64Url(signature)}`;
  assertEquals(await outcome({ ...NO_KEYS, jwksEndpoint: server.endpoint }, token), "invalid");
});

Deno.test("token: a key set that cannot be read says nothing about the token", async () => {
  const { privateKey } = await keyPair("ES256");
  const token = await sign("ES256", privateKey);
  const answers = [
    () => new Response("no", { status: 500 }),
    () => new Response("no JSON"),
    () => Response.json({ keys: 1 }),
    () => new Response(null, { status: 302, headers: { location: "/" } }),
    () => Response.json({ keys: [], padding: "x".repeat(1024 * 1024) }),
  ];
  for (const answer of answers) {
    await using server = await keySetServer(answer);
    const keys = { ...NO_KEYS, jwksEndpoint: server.endpoint };
    assertEquals(await outcome(keys, token), "unavailable");
  }
  // Nobody listens on the port of a server that has ended.
  const ended = await keySetServer(() => new Response());
  await ended[Symbol.asyncDispose]();
  assertEquals(await outcome({ ...NO_KEYS, jwksEndpoint: ended.endpoint }, token), "unavailable");
});

Deno.test("token: an unknown kid is answered by a set that was read before, also while the server is away", async () => {
  const { privateKey, publicKey } = await keyPair("ES256");
  const keys = [{ ...await exportJWK(publicKey), kid: "a" }];
  let away = false;
  await using server = await keySetServer(() => {
    return away ? new Response(null, { status: 503 }) : Response.json({ keys });
  });
  const verifier = new TokenVerifier({ ...NO_KEYS, jwksEndpoint: server.endpoint }, ANY);
  const token = await sign("ES256", privateKey, {}, { kid: "a" });
  assertEquals("user" in await verifier.connection(token, NOW), true);
  away = true;
  assertEquals("user" in await verifier.connection(token, NOW), true);
});

async function pemFault(pem: string): Promise<string> {
  try {
    await importPublicKeys("a.pem", pem);
    return "";
  } catch (error) {
    if (error instanceof Error) return error.message;
    throw error;
  }
}

Deno.test("token: what a PEM file has instead of public keys is named", async () => {
  const ed448 = new TextDecoder().decode(
    await openssl(["pkey", "-pubout", "-in"], await opensslKey("ED448")),
  );
  const small = await opensslKey("RSA", "rsa_keygen_bits:1024");
  const smallPublic = new TextDecoder().decode(await openssl(["pkey", "-pubout", "-in"], small));
  const pkcs1 = new TextDecoder().decode(
    await openssl(["rsa", "-RSAPublicKey_out", "-in"], await opensslKey("RSA")),
  );
  const rows: [string, string][] = [
    ["", "a.pem has no PEM block"],
    ["hello", "a.pem has no PEM block"],
    [
      new TextDecoder().decode(await opensslKey("ED25519")),
      "a PRIVATE KEY: the server needs the public",
    ],
    [pkcs1, "a RSA PUBLIC KEY: `openssl rsa"],
    [ed448, "a.pem has a key that is no RSA, P-256"],
    [smallPublic, "a.pem has"],
    [
      "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
      "a.pem has a key that is no RSA",
    ],
  ];
  for (const [pem, message] of rows) {
    const found = await pemFault(pem);
    assert(found.includes(message), `${message} is not in: ${found}`);
  }
});

async function opensslKey(algorithm: string, option?: string): Promise<Uint8Array> {
  const options = option === undefined ? [] : ["-pkeyopt", option];
  return await openssl(["genpkey", "-algorithm", algorithm, ...options]);
}

Deno.test("token: dates that are none, as nanoseconds, make it invalid", async () => {
  for (
    const claims of [{ exp: NOW * 1e9 }, { expire_at: 1e300 }, { exp: NOW + 60, nbf: NOW * 1e3 }]
  ) {
    const token = await sign("HS256", UTF8.encode(SECRET), claims);
    assertEquals(await outcome(secretsOf(SECRET), token), "invalid", JSON.stringify(claims));
  }
});
