/**
 * What an app does besides requests: it prepares itself, finishes, runs something on a schedule, and its copies talk to each other. From
 * source, and with the executable.
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { AppFolder } from "../../support/app_folder.ts";
import { BlindServer } from "../../support/blind_server.ts";
import { isFile } from "../../support/is_file.ts";
import { type TellingApp, withApp } from "../../support/telling_app.ts";
import { runServer, waitFor, within } from "../../support/server.ts";
import "../../support/load_libc.ts";

const WORKERS = 3;
const RUNS = 6;

Deno.test("app lifecycle: start() is awaited before a worker serves, and stop() before it ends", async () => {
  const app = `
let isReady = false;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export default {
  async start(server) {
    await pause(300);
    await tell("started " + typeof server.publish);
    isReady = true;
  },
  async stop() {
    await pause(300);
    await tell("stopped");
  },
  fetch: () => new Response(String(isReady)),
};
`;
  const told: string[] = [];
  await withApp(app, { workers: 2 }, async (server) => {
    assertEquals(await server.get("/"), "200 true");
    assertEquals(server.told, ["started function", "started function"]);
    await server.server.stop();
    told.push(...server.told);
  });
  assertEquals(told.slice(2), ["stopped", "stopped"]);
});

Deno.test("app lifecycle: a stop() that does not end is not waited for beyond --drain-timeout", async () => {
  const app = "export default { stop: () => new Promise(() => {}) };\n";
  await withApp(app, { args: ["--drain-timeout", "1s"] }, async ({ server }) => {
    const begun = performance.now();
    const { code, stderr } = await server.stop();
    assertEquals(code, 0);
    assert(performance.now() - begun < 10_000);
    assertStringIncludes(stderr, "the app's stop() did not end within --drain-timeout");
  });
});

Deno.test("app lifecycle: a start() that fails ends the start of the server, with the reason", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-app-" });
  try {
    const file = `${folder}/app.js`;
    const text = `export default { start() { throw new Error("no database"); } };\n`;
    await Deno.writeTextFile(file, text);
    const { code, stderr } = await runServer([
      "2",
      "127.0.0.1",
      "0",
      "--log",
      "off",
      "--app",
      file,
    ]);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "no database");
    assertStringIncludes(stderr, "app.js:1");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const NEVER_READY: readonly (readonly [name: string, start: string, reason: RegExp])[] = [
  [
    "waits",
    "start: () => new Promise(() => {})",
    /^async-deno: cannot start --app: \S+\/app\.js: its start\(\) has not ended after 1 s \(--app-start-timeout\)$/m,
  ],
  [
    "computes",
    // Each step of the endless computation waits, so that it does not use a core.
    "start() { const never = new Int32Array(new SharedArrayBuffer(4)); for (;;) Atomics.wait(never, 0, 0, 50); }",
    /^async-deno: cannot start --app \S+\/app\.js: its top level or its start\(\) computes without an end$/m,
  ],
];

for (const [name, start, reason] of NEVER_READY) {
  Deno.test(`app lifecycle: a start() that ${name} for ever ends the start of the server, with the reason`, async () => {
    using folder = new AppFolder({ "app.js": `export default { ${start} };\n` });
    const app = ["--app", folder.file("app.js"), "--app-start-timeout", "1s"];
    const { code, stderr } = await runServer(["2", "127.0.0.1", "0", "--log", "off", ...app]);
    assertEquals(code, 1);
    assertMatch(stderr, reason);
  });
}

Deno.test("app lifecycle: a server whose start() never ends stops all the same, after --drain-timeout", async () => {
  using folder = new AppFolder({
    "app.js": `
export default {
  start() {
    Deno.writeTextFileSync(import.meta.dirname + "/starts", "");
    return new Promise(() => {});
  },
};
`,
  });
  const args = ["--app", folder.file("app.js"), "--app-allow", `write=${folder.path}`];
  await using server = new BlindServer({ args: [...args, "--drain-timeout", "1s"] });
  await waitFor(() => isFile(folder.file("starts")), { what: "start()" });
  server.process.kill("SIGTERM");
  const { code, signal } = await within(server.process.status, { what: "the end" });
  assertEquals([code, signal], [1, null]);
});

/** `at ID begins` and `at ID ends` for each run, alternating: none overlaps. Returns the ids. */
function runsOf({ told }: TellingApp): string[] {
  const runs = told.filter((text) => text.startsWith("at "));
  return runs.map((text, i) => {
    const [_, id = "", what] = text.split(" ");
    assertEquals(what, i % 2 === 0 ? "begins" : "ends", JSON.stringify(runs));
    return id;
  });
}

const SCHEDULED = `
const id = crypto.randomUUID();
let runs = 0;
export default {
  scheduled: {
    every: "50ms",
    async run(server) {
      await tell("at " + id + " begins");
      await new Promise((resolve) => setTimeout(resolve, 80));
      await tell("at " + id + " ends");
      if (++runs === ${RUNS}) setTimeout(misbehave, 1);
      if (runs === 2) throw new Error("a run has failed");
    },
  },
};
function misbehave() {}
`;

Deno.test("app lifecycle: what is scheduled runs on one worker, without overlap, and a failure is logged", async () => {
  await withApp(SCHEDULED, { workers: WORKERS }, async (app) => {
    await app.waitForTold(/ends$/, RUNS);
    assertEquals(new Set(runsOf(app)).size, 1);
    await app.server.waitForLog("a run has failed");
  });
});

Deno.test("app lifecycle: if the worker that runs it is blocked, another one goes on", async () => {
  const app = SCHEDULED.replace(
    "function misbehave() {}",
    // Blocked as by a long computation, but without use of a core.
    "function misbehave() { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 8000); }",
  );
  await withApp(app, { workers: 2 }, async (server) => {
    await server.waitForTold(/ends$/, RUNS);
    const [first] = runsOf(server);
    await server.waitForWarning(/is blocked/);
    await waitFor(() => new Set(runsOf(server)).size === 2, { what: "a run on the other worker" });
    assertNotEquals(runsOf(server).at(-1), first);
  });
});

Deno.test("app lifecycle: a BroadcastChannel reaches the copies of all workers", async () => {
  const app = `
const id = crypto.randomUUID();
const channel = new BroadcastChannel("copies");
const heard = new Set();
channel.onmessage = ({ data }) => {
  if (heard.has(data)) return;
  heard.add(data);
  if (heard.size === ${WORKERS - 1}) void tell("all");
};
const interval = setInterval(() => channel.postMessage(id), 20);
export default { stop() { clearInterval(interval); channel.close(); } };
`;
  await withApp(app, { workers: WORKERS }, async (server) => {
    await server.waitForTold(/^all$/, WORKERS);
  });
});

Deno.test("app lifecycle: what waitUntil is given goes on after the answer, is awaited before stop(), but not for ever, and its failure is logged", async () => {
  const app = `
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export default {
  fetch(request, _env, context) {
    context.passThroughOnException();
    const work = {
      "/fails": () => Promise.reject(new Error("late work has failed")),
      "/never": () => new Promise(() => {}),
      "/": () => pause(500).then(() => tell("worked")),
    };
    context.waitUntil(work[new URL(request.url).pathname]());
    return new Response("answered");
  },
  stop: () => tell("stopped"),
};
`;
  const told: string[] = [];
  await withApp(app, { args: ["--drain-timeout", "3s"] }, async (server) => {
    assertEquals(await server.get("/fails"), "200 answered");
    await server.server.waitForLog("late work has failed");
    assertEquals((await server.metrics()).sum("async_deno_app_uncaught_errors_total"), 0);
    assertEquals(await server.get("/never"), "200 answered");
    assertEquals(await server.get("/"), "200 answered");
    const { stderr } = await server.server.stop();
    assertStringIncludes(
      stderr,
      "what waitUntil was given, or what is scheduled, did not end within --drain-timeout",
    );
    told.push(...server.told);
  });
  assertEquals(told, ["worked", "stopped"]);
});
