/**
 * Which requests the app is asked about, and what answers the others: files and endpoints of the server, as without an app.
 */

import { assertEquals } from "@std/assert";
import { AppFolder } from "../../support/app_folder.ts";
import { type Server, withServer } from "../../support/server.ts";

/** Says that it was asked; it answers what has "app" in its path. */
const APP = `
export default {
  fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname.includes("app")) return new Response("the app: " + pathname);
    if (pathname.includes("later")) return Promise.resolve(undefined);
  },
};
`;

type Row = readonly [path: string, init: RequestInit, answer: readonly [number, string]];

const FILE = "the text of a file\n";
const NOT_FOUND = [404, "Not found\n"] as const;

async function expectAnswers(server: Server, rows: readonly Row[]): Promise<void> {
  for (const [path, init, expected] of rows) {
    const answer = await fetch(server.url + path, init);
    const text = await answer.text();
    assertEquals([answer.status, init.method === "HEAD" ? "" : text], expected, path);
  }
}

function folderOf(): AppFolder {
  return new AppFolder({
    "handlers/app.js": APP,
    "site/page.txt": FILE,
    "site/later.txt": FILE,
    "site/api/data.txt": FILE,
    "site/app.txt": FILE,
  });
}

function argsOf(folder: AppFolder, ...more: string[]): string[] {
  return ["--app", folder.file("handlers/app.js"), "--root", folder.file("site"), ...more];
}

Deno.test("app routing: what it answers with undefined, at once or later, goes on to files and endpoints", async () => {
  using folder = folderOf();
  await withServer({ workers: 2, args: argsOf(folder) }, (server) =>
    expectAnswers(server, [
      ["/app/x", {}, [200, "the app: /app/x"]],
      // It stands before the files.
      ["/app.txt", {}, [200, "the app: /app.txt"]],
      ["/page.txt", {}, [200, FILE]],
      ["/later.txt", {}, [200, FILE]],
      ["/page.txt", { method: "HEAD" }, [200, ""]],
      ["/page.txt", { headers: { range: "bytes=4-7" } }, [206, "text"]],
      ["/healthz", {}, [200, "ok"]],
      ["/echo", { method: "POST", body: "echoed" }, [200, "echoed"]],
      ["/nothing", {}, NOT_FOUND],
      ["/later/nothing", {}, NOT_FOUND],
    ]));
});

Deno.test("app routing: --app-path narrows what the app is asked", async () => {
  using folder = folderOf();
  const args = argsOf(folder, "--app-path", "/api/**");
  await withServer({ workers: 2, args }, (server) =>
    expectAnswers(server, [
      ["/api/app", {}, [200, "the app: /api/app"]],
      ["/api/a/b/app?c", {}, [200, "the app: /api/a/b/app"]],
      ["/api/data.txt", {}, [200, FILE]],
      ["/app/x", {}, NOT_FOUND],
      ["/app.txt", {}, [200, FILE]],
      ["/healthz", {}, [200, "ok"]],
    ]));
});
