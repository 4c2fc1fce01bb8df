/** What --watch notices of changes that happened before it watched; tests/e2e/app/app_reload_test.ts has the changes after that. */

import { assertEquals } from "@std/assert";
import { AppWatcher } from "../../../runtime/executor/app_watcher.ts";
import { hold, waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

/** A folder with the file of an app, and how often a change was noted. */
class Watched implements Disposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "async-deno-test-" });
  readonly file = `${this.folder}/app.ts`;
  changes = 0;
  /** What each call waits for. */
  reload: Promise<void> | undefined = undefined;
  readonly watcher = new AppWatcher({
    changed: () => {
      this.changes++;
      return this.reload;
    },
    warn: (text) => {
      throw new Error(text);
    },
  });

  constructor() {
    Deno.writeTextFileSync(this.file, "old");
  }

  [Symbol.dispose](): void {
    this.watcher[Symbol.dispose]();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** The clock has passed the time of the last change. */
async function clockMoves(): Promise<number> {
  const start = Date.now();
  await waitFor(() => Date.now() > start + 50, { what: "the clock" });
  return Date.now();
}

Deno.test("app watcher: a file that was written between the reading and the watching is noticed, once", async () => {
  using watched = new Watched();
  const readAt = await clockMoves();
  Deno.writeTextFileSync(watched.file, "new");
  watched.watcher.watch([watched.file], readAt);
  await waitFor(() => watched.changes > 0, { what: "the change" });
  // As after the reload.
  watched.watcher.watch([watched.file], await clockMoves());
  Deno.writeTextFileSync(watched.file, "newer");
  await waitFor(() => watched.changes > 1, { what: "the next change" });
  assertEquals(watched.changes, 2);
});

Deno.test("app watcher: so is an older file that was put in its place", async () => {
  using watched = new Watched();
  const other = `${watched.folder}/other.ts`;
  Deno.writeTextFileSync(other, "from a backup");
  Deno.utimeSync(other, 1000, 1000);
  const readAt = await clockMoves();
  Deno.renameSync(other, watched.file);
  watched.watcher.watch([watched.file], readAt);
  await waitFor(() => watched.changes > 0, { what: "the change" });
});

Deno.test("app watcher: a folder that goes and comes back is watched again", async () => {
  using watched = new Watched();
  const dist = `${watched.folder}/dist`;
  const file = `${dist}/app.js`;
  const build = () => {
    Deno.mkdirSync(dist);
    Deno.writeTextFileSync(file, "new");
  };
  build();
  const readAt = await clockMoves();
  watched.watcher.watch([file], readAt);
  for (const isAtOnce of [true, false]) {
    const before = watched.changes;
    Deno.removeSync(dist, { recursive: true });
    if (!isAtOnce) {
      await waitFor(() => watched.changes > before, { what: "the end of the folder" });
    }
    build();
    const gone = isAtOnce ? before : before + 1;
    await waitFor(() => watched.changes > gone, { what: "the new folder" });
    const built = watched.changes;
    Deno.writeTextFileSync(file, "newer");
    await waitFor(() => watched.changes > built, { what: "a change in the new folder" });
  }
});

Deno.test("app watcher: what was there before, or is not there, is no change", async () => {
  using watched = new Watched();
  const readAt = await clockMoves();
  watched.watcher.watch([watched.file, `${watched.folder}/missing.ts`], readAt);
  Deno.writeTextFileSync(`${watched.folder}/missing.ts`, "now");
  await waitFor(() => watched.changes > 0, { what: "the file that has come" });
  assertEquals(watched.changes, 1);
});

Deno.test("app watcher: what changes while a reload goes on is one change, after it", async () => {
  using watched = new Watched();
  watched.watcher.watch([watched.file], await clockMoves());
  const { promise, resolve } = Promise.withResolvers<void>();
  watched.reload = promise;
  Deno.writeTextFileSync(watched.file, "first");
  await waitFor(() => watched.changes > 0, { what: "the change" });
  // Each is behind the silence after the one before.
  for (let i = 0; i < 3; i++) {
    Deno.writeTextFileSync(watched.file, `while it goes on: ${i}`);
    await hold(150);
  }
  assertEquals(watched.changes, 1);
  resolve();
  await waitFor(() => watched.changes > 1, { what: "the changes meanwhile" });
  Deno.writeTextFileSync(watched.file, "last");
  await waitFor(() => watched.changes > 2, { what: "the last change" });
  assertEquals(watched.changes, 3);
});
