/**
 * A newer copy of an app: by SIGHUP, and by --watch. Connections stay, old requests finish on the old copy, and a copy that cannot be
 * loaded leaves the old one serving.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { AppFolder } from "../../support/app_folder.ts";
import { HttpConnection } from "../../support/http_client.ts";
import { type Server, startServer, waitFor, withServer } from "../../support/server.ts";

const LIB = (word: string) => `export const word: string = "${word}";\n`;
const APP = `import { word } from "./lib/word.ts";
const isThere = (path: string): boolean => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
};
export default {
  async fetch(request: Request): Promise<Response | undefined> {
    const { pathname } = new URL(request.url);
    while (pathname === "/slow" && !isThere(import.meta.dirname + "/go")) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return pathname === "/healthz" ? undefined : new Response(word);
  },
  websocket: {},
};
`;

function appOf(word: string): AppFolder {
  return new AppFolder({ "app.ts": APP, "lib/word.ts": LIB(word) });
}

async function textOf(server: Server, path = "/"): Promise<string> {
  return await (await fetch(`${server.url}${path}`)).text();
}

/** The answers of a few new connections, which reach all workers. */
async function words(server: Server): Promise<Set<string>> {
  const found = new Set<string>();
  for (let i = 0; i < 8; i++) {
    using connection = await HttpConnection.open(server);
    await connection.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    found.add(new TextDecoder().decode((await connection.answer()).body));
  }
  return found;
}

Deno.test("app reload: SIGHUP loads the file and what it imports afresh in all workers, and connections stay", async () => {
  using folder = appOf("old");
  await withServer({ workers: 2, args: ["--app", folder.file("app.ts")] }, async (server) => {
    using kept = await HttpConnection.open(server);
    const ask = async () => {
      await kept.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      return new TextDecoder().decode((await kept.answer()).body);
    };
    assertEquals(await ask(), "old");
    folder.write("lib/word.ts", LIB("new"));
    server.kill("SIGHUP");
    await waitFor(() => server.stdout.includes("reloaded: "), { what: "the reload" });
    assertEquals(await ask(), "new");
    assertEquals(await words(server), new Set(["new"]));
    assertStringIncludes(server.stdout, folder.file("app.ts"));
  });
});

Deno.test("app reload: a request that was in progress finishes on the old copy", async () => {
  using folder = appOf("old");
  await withServer({ workers: 1, args: ["--app", folder.file("app.ts")] }, async (server) => {
    const slow = textOf(server, "/slow");
    await waitFor(async () => await textOf(server) === "old", { what: "an answer" });
    folder.write("lib/word.ts", LIB("new"));
    server.kill("SIGHUP");
    await waitFor(async () => await textOf(server) === "new", { what: "the new copy" });
    folder.write("go", "");
    assertEquals(await slow, "old");
  });
});

for (
  const [name, path, text, reason] of [
    ["syntax", "lib/word.ts", "export const word: = 1;", "lib/word.ts:1:19: syntax error"],
    ["top level", "lib/word.ts", "export const word = null!.x;", "it throws when it is loaded"],
    [
      "start()",
      "app.ts",
      "export default { start() { throw new Error('no database'); } };",
      "no database",
    ],
  ] as const
) {
  Deno.test(`app reload: a copy whose ${name} fails leaves the old one serving, and says so`, async () => {
    using folder = appOf("old");
    const server = await startServer({ workers: 2, args: ["--app", folder.file("app.ts")] });
    try {
      folder.write(path, text);
      server.kill("SIGHUP");
      const told = "the old copy of the app stays in use: ";
      await waitFor(() => server.stderr.includes(told), { what: () => server.stderr });
      assertStringIncludes(server.stderr, reason);
      assert(!server.stdout.includes("reloaded: "), server.stdout);
      assertEquals(await words(server), new Set(["old"]));
      folder.write("app.ts", APP);
      folder.write("lib/word.ts", LIB("repaired"));
      server.kill("SIGHUP");
      await waitFor(async () => await textOf(server) === "repaired", { what: "the repaired app" });
    } finally {
      await server.stop();
      await server[Symbol.asyncDispose]();
    }
  });
}

Deno.test("app reload: --watch notices changed and replaced files, also after one that was wrong", async () => {
  using folder = appOf("old");
  const args = ["--app", folder.file("app.ts"), "--watch"];
  const server = await startServer({ workers: 2, args });
  try {
    const changed = async (word: string) => {
      await waitFor(async () => await textOf(server) === word, {
        what: () => `${word}\n${server.stderr}`,
      });
    };
    folder.write("lib/word.ts", LIB("renamed over"));
    await changed("renamed over");
    Deno.writeTextFileSync(folder.file("lib/word.ts"), LIB("written"));
    await changed("written");
    folder.write("lib/word.ts", "export const word: = 1;");
    await waitFor(() => server.stderr.includes("stays in use"), { what: () => server.stderr });
    assertEquals(await textOf(server), "written");
    folder.write("lib/word.ts", LIB("right again"));
    await changed("right again");
    folder.write("other.ts", LIB("elsewhere"));
    folder.write("app.ts", APP.replace("./lib/word.ts", "./other.ts"));
    await changed("elsewhere");
    folder.write("other.ts", LIB("watched, too"));
    await changed("watched, too");
  } finally {
    await server.stop();
    await server[Symbol.asyncDispose]();
  }
});
