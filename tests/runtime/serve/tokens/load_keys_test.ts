/** Where secrets and keys come from, and what is said if they are not there. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { NO_TOKENS, type SecretSource } from "../../../../runtime/config/mod.ts";
import { loadTokenKeys, readSecret } from "../../../../runtime/serve/tokens/mod.ts";

const SECRET = "0123456789abcdef0123456789abcdef";

const PLACES = {
  readText: (path: string) => {
    const texts: Record<string, string> = {
      "line": `${SECRET}\n`,
      "dos": `${SECRET}\r\n`,
      "blanks": ` ${SECRET} `,
      "lines": `${SECRET}\n\n`,
      "short": "short\n",
      "empty": "",
      "one": "a",
    };
    if (texts[path] === undefined) throw new Deno.errors.NotFound(`no ${path}`);
    return texts[path];
  },
  variable: (name: string) => name === "SET" ? `${SECRET}\n` : name === "EMPTY" ? "" : undefined,
};

const file = (path: string): SecretSource => ({ kind: "file", path });
const variable = (name: string): SecretSource => ({ kind: "variable", name });

Deno.test("secret: one line end of a file is no part of it, everything else is", () => {
  const textOf = (source: SecretSource) => new TextDecoder().decode(readSecret(source, PLACES, 32));
  assertEquals(textOf(file("line")), SECRET);
  assertEquals(textOf(file("dos")), SECRET);
  assertEquals(textOf(file("blanks")), ` ${SECRET} `);
  assertEquals(textOf(file("lines")), `${SECRET}\n`);
  assertEquals(textOf(variable("SET")), `${SECRET}\n`);
});

Deno.test("secret: the error names the place, and not what is there", () => {
  const rows: [SecretSource, string][] = [
    [file("short"), "the file short has a secret of 5 bytes, and it must have at least 32"],
    [file("one"), "the file one has a secret of 1 byte, and it must have at least 32"],
    [file("empty"), "the file empty is empty, and must have a secret"],
    [variable("EMPTY"), "the variable EMPTY is empty, and must have a secret"],
    [variable("UNSET"), "the variable UNSET is empty, and must have a secret"],
  ];
  for (const [source, message] of rows) {
    assertEquals(assertThrows(() => readSecret(source, PLACES, 32), Error).message, message);
  }
  assertThrows(() => readSecret(file("missing"), PLACES, 32), Deno.errors.NotFound);
});

Deno.test("token keys: two secrets while one replaces the other, and no key at all", async () => {
  const both = await loadTokenKeys(
    { ...NO_TOKENS, hmacSecrets: [file("line"), variable("SET")] },
    PLACES,
  );
  assertEquals(both.hmacSecrets.map(({ length }) => length), [32, 33]);
  assertEquals(await loadTokenKeys(NO_TOKENS, PLACES), {
    hmacSecrets: [],
    publicKeys: new Map(),
    jwksEndpoint: undefined,
  });
});

Deno.test("token keys: a file without a key names the option and the file", async () => {
  const config = { ...NO_TOKENS, publicKeyFiles: ["line"] };
  const { message } = await assertRejects(() => loadTokenKeys(config, PLACES), Error);
  assert(message.startsWith("public_key_files: line has no PEM block"), message);
});
