/** Password hashes, their file, and the guard that uses them. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { encodeBase64 } from "@std/encoding/base64";
import { decodeHex } from "@std/encoding/hex";
import { RequestHead } from "../../../../protocol/mod.ts";
import {
  BasicAuth,
  hashPassword,
  isPasswordHash,
  parsePasswordFile,
  readUsers,
  verifyPassword,
} from "../../../../runtime/serve/auth/mod.ts";

// Cheap: the cost makes no difference here.
const CHEAP = "$scrypt$ln=1,r=8,p=1$";
const ALICE = await cheapHash("secret");

/** A hash with a cost so low that a test can make many. */
async function cheapHash(password: string): Promise<string> {
  const { scryptSync } = await import("node:crypto");
  const salt = new Uint8Array(16).fill(7);
  const hash = new Uint8Array(scryptSync(password, salt, 32, { N: 2, r: 8, p: 1 }));
  return CHEAP + [salt, hash].map((bytes) => encodeBase64(bytes).replace(/=+$/, "")).join("$");
}

function head(authorization: string | undefined): RequestHead {
  const request = new RequestHead();
  request.field = (name) => name === "authorization" ? authorization : undefined;
  return request;
}

function basic(credentials: string): string {
  return `Basic ${encodeBase64(new TextEncoder().encode(credentials))}`;
}

Deno.test("password hash: matches its own password only, and differs each time", async () => {
  const hash = await hashPassword("päss word");
  assert(isPasswordHash(hash), hash);
  assert(await verifyPassword("päss word", hash));
  assert(!await verifyPassword("pass word", hash));
  assert(await hashPassword("päss word") !== hash);
});

Deno.test("password hash: RFC 7914's example in PHC notation", async () => {
  // RFC 7914 section 12: scrypt("pleaseletmein", "SodiumChloride", 16384, 8, 1, 64)
  const derived = decodeHex(
    "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2" +
      "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887",
  );
  const salt = new TextEncoder().encode("SodiumChloride");
  const [saltText, hashText] = [salt, derived].map((bytes) =>
    encodeBase64(bytes).replace(/=+$/, "")
  );
  const hash = `$scrypt$ln=14,r=8,p=1$${saltText}$${hashText}`;
  assert(await verifyPassword("pleaseletmein", hash));
});

Deno.test("password hash: a text that is not a hash is recognized", async () => {
  const wrong = ["", "secret", "$2y$10$abc", `${ALICE}!`, ALICE.replace("ln=1,", "ln=30,")];
  // Its salt has a length that no Base64 text has.
  wrong.push(`${CHEAP}${"A".repeat(13)}$${"A".repeat(22)}`);
  for (const text of wrong) assert(!isPasswordHash(text), text);
  await assertRejects(() => verifyPassword("a", "b"), TypeError);
});

Deno.test("password file: the user's line, or the only hash", () => {
  assertEquals(parsePasswordFile(`# comment\n\n${ALICE}\n`, "alice"), { hash: ALICE });
  const lines = `bob:${CHEAP}AAAAAAAAAAA$${"A".repeat(22)}\r\nalice:${ALICE}\n`;
  assertEquals(parsePasswordFile(lines, "alice"), { hash: ALICE });
  assert("fault" in parsePasswordFile(lines, "carol"));
  assert("fault" in parsePasswordFile("alice:plain", "alice"));
  assert("fault" in parsePasswordFile("", "alice"));
  const sources = [{ user: "alice", file: "f" }];
  assertEquals(readUsers(sources, () => ALICE).get("alice"), ALICE);
});

Deno.test("basic auth: valid credentials are hashed once and cached", async () => {
  const guard = new BasicAuth(new Map([["alice", ALICE], ["bob", await cheapHash("a:b")]]));
  const first = guard.judge(head(basic("alice:secret")));
  assert(first instanceof Promise);
  assertEquals(await first, { user: "alice" });
  assertEquals(guard.judge(head(basic("alice:secret"))), { user: "alice" });
  const second = await guard.judge(head(basic("bob:a:b")));
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
    assertEquals(await guard.judge(head(field)), "refused", field);
  }
  assertEquals(
    await guard.judge(head(basic("alice:secret").replace("Basic", "bAsIc"))),
    { user: "alice" },
  );
});

Deno.test("basic auth: too many guesses at once are answered 503", async () => {
  const guard = new BasicAuth(new Map([["alice", ALICE]]));
  const verdicts = Array.from({ length: 100 }, (_, i) => guard.judge(head(basic(`alice:${i}`))));
  assertEquals(verdicts.filter((verdict) => verdict === "busy").length, 100 - 2 - 32);
  const others = await Promise.all(verdicts.filter((verdict) => verdict !== "busy"));
  assert(others.every((verdict) => verdict === "refused"));
  assertEquals(await guard.judge(head(basic("alice:secret"))), { user: "alice" });
});
