/** What the thread of an app may read: tests/e2e/app/app_rights_test.ts tries it. */

import { assert } from "@std/assert";
import { APP, DEFAULT_CONFIG } from "../../../runtime/config/mod.ts";
import { workerPermissions } from "../../../runtime/executor/app_rights.ts";
import { AppFolder } from "../../support/app_folder.ts";

Deno.test("app rights: a folder that is a link can be read by both names, as modules know it by the other one", () => {
  using folder = new AppFolder({ "releases/1/app.js": "" });
  Deno.symlinkSync("releases/1", folder.file("current"));
  const app = { ...APP, file: folder.file("current/app.js") };
  const address = { transport: "tcp", hostname: "127.0.0.1", port: 80 } as const;
  const read: unknown = workerPermissions({ ...DEFAULT_CONFIG, workers: 1, app }, address)?.read;
  const names = Array.isArray(read) ? read.map(String) : [];
  for (const name of ["current", "releases/1"]) assert(names.includes(folder.file(name)), name);
});
