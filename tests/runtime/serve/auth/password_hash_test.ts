/** Password hashes and their file. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { encodeBase64 } from "@std/encoding/base64";
import { decodeHex } from "@std/encoding/hex";
import {
  hashPassword,
  isPasswordHash,
  parsePasswordFile,
  readUsers,
  verifyPassword,
} from "../../../../runtime/serve/auth/mod.ts";
import { CHEAP, cheapHash } from "../../../support/cheap_hash.ts";

const ALICE = cheapHash("secret");

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
