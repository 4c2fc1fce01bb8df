/** Why an app cannot be loaded, whatever it throws and wherever it is. */

import { assertEquals } from "@std/assert";
import { noteAppFile } from "../../../../runtime/observe/log/mod.ts";
import type { AppFile } from "../../../../runtime/thread/mod.ts";
import { callFault, loadFault } from "../../../../runtime/serve/app/load_fault.ts";

const ENTRY = "/srv/my app (1)/app.ts";
noteAppFile("file:///srv/my%20app%20(1)/app.ts", ENTRY);
const FILE: AppFile = { path: ENTRY, kind: "esm", code: "", imports: [], later: {} };
const SOURCE = { name: "app.ts", entry: ENTRY, files: new Map([[ENTRY, FILE]]), readAt: 0 };

function failed(stack: unknown): Error {
  const error = new Error("no");
  Object.defineProperty(error, "stack", { value: stack });
  return error;
}

const PLACE = "    at file:///srv/my app (1)/app.ts:7:3";

const ROWS: readonly [thrown: unknown, place: string, text: string][] = [
  [failed(`Error: no\n${PLACE}`), ":7", "Error: no"],
  [
    failed(`Error: no\n    at f (file:///srv/my app (1)/app.ts:8:3)\n${PLACE}`),
    ":8",
    "Error: no",
  ],
  [failed(undefined), "", "Error: no"],
  [failed(5), "", "Error: no"],
  [null, "", "null"],
  [Symbol("x"), "", "Symbol(x)"],
  [Object.create(null), "", "an error that cannot be described"],
];

Deno.test("load fault: has the place and the text of what was thrown, if there are any", async () => {
  for (const [thrown, place, text] of ROWS) {
    assertEquals(
      await loadFault(thrown, SOURCE),
      `${ENTRY}${place}: it throws when it is loaded: ${text}`,
    );
    assertEquals(
      callFault(thrown, "its start()", ENTRY),
      `${ENTRY}${place}: its start() has thrown: ${text}`,
    );
  }
});
