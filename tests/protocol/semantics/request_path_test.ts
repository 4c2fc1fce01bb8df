/** Runs the table of paths, and checks with random paths that accepted ones stay below the root. */

import { assert, assertEquals } from "@std/assert";
import { decodeRequestPath, isRefusedPath } from "../../../protocol/semantics/mod.ts";
import { bytesOf, type InputText, textOf } from "../../support/protocol_cases.ts";
import { Random } from "../../support/random.ts";
import { readTable, type Row } from "../../support/semantics_tables.ts";

interface PathRow extends Row {
  input: InputText;
  expect?: { segments: string[]; isFolder: boolean; isHidden: boolean };
  error?: { status: number; code: string };
}

for (const row of readTable<PathRow>("request_paths")) {
  Deno.test(`request path: ${row.name}`, () => {
    const path = textOf(bytesOf(row.input));
    assertEquals<unknown>(decodeRequestPath(path), row.expect ?? row.error, row.spec);
  });
}

Deno.test("request paths: any characters give segments that stay below the root, or a refusal", () => {
  const random = new Random(1);
  const pieces = [
    "/",
    ".",
    "..",
    "%2e",
    "%2F",
    "%5c",
    "\\",
    "%00",
    "%",
    "a",
    "%25",
    "%C0%AE",
    "%zz",
  ];
  for (let run = 0; run < 20_000; run++) {
    const path = "/" + Array.from({ length: random.below(12) }, () => {
      return pieces[random.below(pieces.length)]!;
    }).join("");
    const found = decodeRequestPath(path);
    if (isRefusedPath(found)) continue;
    for (const name of found.segments) {
      assert(name !== "" && name !== "." && name !== ".." && !/[/\\\0]/.test(name), path);
    }
  }
});
