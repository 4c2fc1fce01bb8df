/**
 * The sample of a PostgreSQL client, with a real server of PostgreSQL: what it keeps, and that it goes on after a restart of that.
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { NO_POSTGRES, PostgresServer } from "../../support/postgres_server.ts";
import { NO_NPM, type RunningSample, startSample } from "../../support/sample_runners.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const SKIPPED = NO_NPM + NO_POSTGRES;
const NOTES = 40;

interface Note {
  readonly id: number;
  readonly text: string;
}

/** Runs `body` with the sample and a fresh server for it. */
async function withNotes(
  body: (running: RunningSample, postgres: PostgresServer) => Promise<void>,
): Promise<void> {
  await using postgres = await PostgresServer.start();
  Deno.env.set("DATABASE_URL", postgres.url);
  try {
    const allow = `net=127.0.0.1:${postgres.port},env=DATABASE_URL,env=PG*`;
    await using running = await startSample("postgres.ts", "async-deno", ["--app-allow", allow]);
    await body(running, postgres);
  } finally {
    Deno.env.delete("DATABASE_URL");
  }
}

async function add(url: string, text: string): Promise<[status: number, id: number]> {
  const response = await fetch(url, { method: "POST", body: text });
  return [response.status, (await response.json()).id];
}

async function notesOf(url: string): Promise<Note[]> {
  return await (await fetch(url)).json();
}

Deno.test({
  name: `app samples: postgres.ts keeps notes in a real server, seen by all workers${SKIPPED}`,
  ignore: SKIPPED !== "",
  fn: async () => {
    await withNotes(async ({ url }) => {
      const [first, second] = ["first, ü", "'); DROP TABLE notes; --"];
      assertEquals([await add(url, first), await add(url, second)], [[201, 1], [201, 2]]);
      assertEquals(await notesOf(url), [{ id: 1, text: first }, { id: 2, text: second }]);
      // More than the pools of all workers have connections.
      const texts = Array.from({ length: NOTES }, (_, i) => `note ${i}`);
      const added = await Promise.all(texts.map((text) => add(url, text)));
      assertEquals(added.map(([status]) => status), texts.map(() => 201));
      const notes = await notesOf(url);
      assertEquals(notes.map(({ id }) => id), [1, 2, ...texts.map((_, i) => i + 3)]);
      assertEquals(notes.map(({ text }) => text).sort(), [first, second, ...texts].sort());
    });
  },
});

Deno.test({
  name: `app samples: postgres.ts goes on after its server was killed and started again${SKIPPED}`,
  ignore: SKIPPED !== "",
  fn: async () => {
    await withNotes(async ({ url, server }, postgres) => {
      assertEquals(await add(url, "before"), [201, 1]);
      await postgres.kill();
      const failed = await fetch(url);
      assertEquals([failed.status, (await failed.text()).includes("ECONNREFUSED")], [500, false]);
      await postgres.start();
      // A worker that has not asked meanwhile is told of the end of its old connection first.
      const notes = async () => {
        const response = await fetch(url);
        const text = await response.text();
        return response.status === 200 ? text : undefined;
      };
      assertEquals(await waitFor(notes, { what: "notes" }), '[{"id":1,"text":"before"}]');
      const { code, stderr } = await server!.stop();
      assertEquals(code, 0);
      assertStringIncludes(stderr, "the app: fetch: ");
    });
  },
});
