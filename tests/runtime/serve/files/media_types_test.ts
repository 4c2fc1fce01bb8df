/** Media types by their table. */

import { assertEquals } from "@std/assert";
import { isCompressible, mediaType } from "../../../../runtime/serve/files/mod.ts";

interface Row {
  name: string;
  spec: string;
  input: string;
  expect: { type: string; compressible: boolean };
}

const url = new URL("../../../../fixtures/files/media_types.json", import.meta.url);
for (const row of JSON.parse(Deno.readTextFileSync(url)) as Row[]) {
  Deno.test(`media type: ${row.name}`, () => {
    const type = mediaType(row.input);
    assertEquals({ type, compressible: isCompressible(type) }, row.expect, row.spec);
  });
}
