/**
 * A newer copy of an app: by SIGHUP, and by --watch. Connections stay, old requests finish on the old copy, and a copy that cannot be
 * loaded leaves the old one serving.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { AppFolder } from "../../support/app_folder.ts";
import { HttpConnection } from "../../support/http_client.ts";
import { type Server, startServer, waitFor, within, withServer } from "../../support/server.ts";
import { OVER_DENO_TRANSPORT } from "../../support/suite_transport.ts";

const LIB = (word: string) => `export const word: string = "${word}";\n`;
const APP = `import { word } from "./lib/word.ts";
const isThere = (path: string): boolean => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
};
const cell = new Int32Array(new SharedArrayBuffer(4));
const block = (path: string): void => {
  while (!isThere(import.meta.dirname + path)) Atomics.wait(cell, 0, 0, 20);
};
// Here, what a copy does when it is loaded.
export default {
  async fetch(request: Request): Promise<Response | undefined> {
    const { pathname } = new URL(request.url);
    while (pathname === "/slow" && !isThere(import.meta.dirname + "/go")) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    if (pathname === "/block") block("/go");
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
    ["syntax is wrong", "lib/word.ts", "export const word: = 1;", "lib/word.ts:1:20: syntax error"],
    [
      "top level throws",
      "lib/word.ts",
      "export const word = null!.x;",
      "it throws when it is loaded",
    ],
    [
      "start() throws",
      "app.ts",
      "export default { start() { throw new Error('no database'); } };",
      "no database",
    ],
    [
      "start() never ends",
      "app.ts",
      "export default { start: () => new Promise(() => {}) };",
      "its start() has not ended after 3 s (--app-start-timeout)",
    ],
  ] as const
) {
  Deno.test(`app reload: a copy whose ${name} leaves the old one serving, and says so`, async () => {
    using folder = appOf("old");
    const args = ["--app", folder.file("app.ts"), "--app-start-timeout", "3s"];
    const server = await startServer({ workers: 2, args });
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

/** The app, which does this when it is loaded. */
function appThat(does: string): string {
  return APP.replace("// Here, what a copy does when it is loaded.", does);
}

/** With a worker whose thread a handler blocks until there is a file "go". */
async function withBlockedWorker(
  server: Server,
  folder: AppFolder,
  body: () => Promise<void>,
): Promise<void> {
  const blocked = textOf(server, "/block");
  try {
    await waitFor(() => server.stderr.includes(" is blocked: "), { what: () => server.stderr });
    await body();
  } finally {
    folder.write("go", "");
  }
  assertEquals(await blocked, "old");
}

async function waitForNotice(server: Server, pattern: RegExp): Promise<void> {
  const what = () => `${pattern} in ${server.stdout}\n${server.stderr}`;
  await waitFor(() => pattern.test(server.stdout), { what });
}

const UPDATED = /worker \d uses the current copy of the app, too/;

Deno.test({
  name:
    "app reload: a worker that is blocked keeps nobody from it, and gets the newer copy when it is back",
  ignore: OVER_DENO_TRANSPORT, // the kernel goes on giving connections to the blocked one
  fn: async () => {
    using folder = appOf("old");
    const server = await startServer({ workers: 2, args: ["--app", folder.file("app.ts")] });
    try {
      await withBlockedWorker(server, folder, async () => {
        folder.write("lib/word.ts", LIB("new"));
        server.kill("SIGHUP");
        await waitForNotice(server, /worker \d is blocked and gets the newer copy/);
        await waitForNotice(server, /reloaded: .*app\.ts/);
        assertEquals(await words(server), new Set(["new"]));
      });
      await waitForNotice(server, UPDATED);
      assertEquals(await words(server), new Set(["new"]));
    } finally {
      await server.stop();
      await server[Symbol.asyncDispose]();
    }
  },
});

Deno.test({
  name: "app reload: if the only worker is blocked, the newer copy is loaded as soon as one serves",
  ignore: OVER_DENO_TRANSPORT,
  fn: async () => {
    using folder = appOf("old");
    const server = await startServer({ workers: 1, args: ["--app", folder.file("app.ts")] });
    try {
      await withBlockedWorker(server, folder, async () => {
        folder.write("lib/word.ts", LIB("new"));
        server.kill("SIGHUP");
        const answer = () => within(textOf(server), { what: "an answer" });
        await waitFor(async () => await answer() === "new", { what: () => server.stderr });
      });
      await waitForNotice(server, UPDATED);
    } finally {
      await server.stop();
      await server[Symbol.asyncDispose]();
    }
  },
});

Deno.test({
  name: "app reload: a copy that computes for ever when it is loaded blocks one worker alone",
  ignore: OVER_DENO_TRANSPORT,
  fn: async () => {
    using folder = appOf("old");
    const args = ["--app", folder.file("app.ts"), "--watch"];
    const server = await startServer({ workers: 2, args });
    try {
      folder.write("app.ts", appThat('block("/go");'));
      await waitFor(() => server.stderr.includes(" is blocked: "), { what: () => server.stderr });
      assertEquals(await words(server), new Set(["old"]));
      const told = /the old copy of the app stays in use: worker 0 was blocked when it had to load/;
      await waitFor(() => told.test(server.stderr), { what: () => server.stderr });
      assertEquals(server.stderr.match(/ is blocked: /g)?.length, 1);
      folder.write("app.ts", APP.replace("new Response(word)", 'new Response("repaired")'));
      await waitForNotice(server, /reloaded: /);
      assertEquals(await words(server), new Set(["repaired"]));
      folder.write("go", "");
      await waitForNotice(server, UPDATED);
      assertEquals(await words(server), new Set(["repaired"]));
    } finally {
      folder.write("go", "");
      await server.stop();
      await server[Symbol.asyncDispose]();
    }
  },
});

Deno.test({
  name: "app reload: a worker that starts while the others load the newer copy uses it, too",
  ignore: OVER_DENO_TRANSPORT, // no worker starts beside a blocked one
  fn: async () => {
    using folder = appOf("old");
    const server = await startServer({ workers: 2, args: ["--app", folder.file("app.ts")] });
    try {
      folder.write("lib/word.ts", LIB("new"));
      const start = `async start() {
    console.error("the newer copy starts");
    while (!isThere(import.meta.dirname + "/ready")) await new Promise((resolve) => setTimeout(resolve, 5));
  },
  websocket`;
      folder.write("app.ts", APP.replace("websocket", start));
      server.kill("SIGHUP");
      const begun = "the newer copy starts";
      await waitFor(() => server.stderr.includes(begun), { what: () => server.stderr });
      await withBlockedWorker(server, folder, async () => {
        const standIn = "worker 2 serves beside the blocked one";
        await waitFor(() => server.stderr.includes(standIn), { what: () => server.stderr });
      });
      folder.write("ready", "");
      await waitForNotice(server, /worker 2 uses the current copy of the app, too/);
      assertEquals(await words(server), new Set(["new"]));
    } finally {
      folder.write("go", "");
      await server.stop();
      await server[Symbol.asyncDispose]();
    }
  },
});
