import { assertEquals, assertStringIncludes } from "@std/assert";
import { hashPassword, parsePasswordFile } from "../../../../runtime/serve/auth/mod.ts";

function faultOf(text: string): string {
  const found = parsePasswordFile(text, "alice");
  return "fault" in found ? found.fault : "none";
}

Deno.test("password file: one hash, or the user's line of several", async () => {
  const [own, other] = [await hashPassword("a"), await hashPassword("b")];
  for (
    const text of [
      own,
      `alice:${own}`,
      `# users\r\n\r\nbob:${other}\r\nalice:${own}\r\n`,
    ]
  ) assertEquals(parsePasswordFile(text, "alice"), { hash: own });
  assertEquals(faultOf(`bob:${other}`), "has no line for alice");
  assertEquals(faultOf(`bob:${other}\ncarol:${own}`), "has no line for alice");
});

Deno.test("password file: an error names the kind of a hash that cannot be used", () => {
  const salt = "abcdefghijklmnopqrstuv";
  const rows: [hash: string, fault: string][] = [
    [`$2y$05$${salt}`, "has a bcrypt hash for alice, which cannot be used"],
    [`$2b$12$${salt}`, "has a bcrypt hash for alice, which cannot be used"],
    [`$apr1$${salt}`, "has an Apache MD5 hash for alice"],
    [`$6$${salt}`, "has a SHA-512 crypt hash for alice"],
    [`$y$j9T$${salt}`, "has a yescrypt hash for alice"],
    [`$argon2id$v=19$${salt}`, "has an Argon2 hash for alice"],
    [`{SHA}${salt}`, "has a SHA-1 hash for alice"],
    ["$scrypt$ln=15,r=8,p=1$short$short", "has a damaged scrypt hash for alice"],
    ["$new$x", "has a hash of another scheme for alice"],
    ["hunter2", "has text for alice that is not a hash, perhaps the password itself"],
    ["$1$x", "has an MD5 hash for alice"],
  ];
  const remedy = "make one with `async-deno hash-password`";
  for (const [hash, fault] of rows) {
    for (const text of [hash, `alice:${hash}`]) {
      assertStringIncludes(faultOf(text), fault);
      assertStringIncludes(faultOf(text), remedy);
    }
  }
  assertEquals(faultOf("alice:"), `has an empty password for alice: ${remedy}`);
  for (const text of ["", "\n\n", "# nobody\n"]) assertEquals(faultOf(text), `is empty: ${remedy}`);
});

Deno.test("password file: an error never contains the text itself", () => {
  assertEquals(faultOf("alice:hunter2").includes("hunter2"), false);
  assertEquals(faultOf("hunter2").includes("hunter2"), false);
});
