/**
 * The real kernel, asked for files: what stays in the folder is opened, what leads out never is, with
 * openat2 and without; status, contents and entries.
 */

import { assert, assertEquals } from "@std/assert";
import {
  EACCES,
  EINVAL,
  EISDIR,
  ELOOP,
  ENAMETOOLONG,
  ENOENT,
  ENOTDIR,
  EXDEV,
  FileStatus,
  type FolderEntry,
  type FolderList,
  LinuxFiles,
} from "../../../runtime/os/mod.ts";

// Loaded here, and not within a test: the library stays for the life of the process.
const BOTH_WAYS = [true, false].map((openat2) => new LinuxFiles({ openat2 }));

const STAYING = { followLinks: false };
const FOLLOWING = { followLinks: true };

/** A folder `site` with a secret beside it, removed afterwards. */
async function withSite(body: (files: LinuxFiles, folder: number, top: string) => void) {
  const top = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    await Deno.mkdir(`${top}/site/sub`, { recursive: true });
    await Deno.writeTextFile(`${top}/secret`, "secret");
    await Deno.writeTextFile(`${top}/site/a.txt`, "content");
    await Deno.writeTextFile(`${top}/site/sub/ü %41.txt`, "deeper");
    await Deno.symlink("../secret", `${top}/site/out`);
    await Deno.symlink(`${top}/site/a.txt`, `${top}/site/absolute`);
    await Deno.symlink("sub", `${top}/site/inside`);
    for (const files of BOTH_WAYS) {
      const folder = files.openFolder(`${top}/site`);
      assert(folder >= 0);
      body(files, folder, top);
      assertEquals(files.close(folder), 0);
    }
  } finally {
    await Deno.remove(top, { recursive: true });
  }
}

/** The content of what could be opened, or the negated errno. */
function contentOf(files: LinuxFiles, opened: number): string | number {
  if (opened < 0) return opened;
  const bytes = new Uint8Array(100);
  const count = files.read(opened, bytes, { start: 10, end: 60, offset: 0 });
  files.close(opened);
  return count < 0 ? count : new TextDecoder().decode(bytes.subarray(10, 10 + count));
}

function expectEntries(listed: FolderList | number): readonly FolderEntry[] {
  if (typeof listed === "number") throw new Error(`cannot list: errno ${-listed}`);
  return listed.entries;
}

Deno.test("linux files: what stays in the folder is opened", async () => {
  await withSite((files, folder) => {
    const content = (path: string) => contentOf(files, files.open(folder, path, STAYING));
    assertEquals(content("a.txt"), "content");
    assertEquals(content("sub/ü %41.txt"), "deeper");
    assertEquals(content("sub"), -EISDIR);
    assertEquals(content(""), -EISDIR);
    assertEquals(content("nothing"), -ENOENT);
    assertEquals(content("a.txt/b"), -ENOTDIR);
  });
});

Deno.test("linux files: nothing outside is opened, whatever the path", async () => {
  await withSite((files, folder, top) => {
    // A link to a folder is, to open(2) with O_DIRECTORY, no folder.
    const refused = [-EXDEV, -ELOOP, -EINVAL, -ENOENT, -ENOTDIR];
    const paths = [
      "../secret",
      "sub/../../secret",
      "out",
      "absolute",
      `${top}/secret`,
      "/etc/passwd",
    ];
    for (const path of paths) {
      const opened = files.open(folder, path, STAYING);
      assert(refused.includes(opened), `${path}: ${opened}`);
    }
    assertEquals(files.open(folder, "a.txt\0.png", STAYING), -EINVAL);
  });
});

Deno.test("linux files: with leave, links are followed out of the folder", async () => {
  await withSite((files, folder) => {
    assertEquals(contentOf(files, files.open(folder, "out", FOLLOWING)), "secret");
    assertEquals(contentOf(files, files.open(folder, "absolute", FOLLOWING)), "content");
  });
});

Deno.test("linux files: a link inside the folder is followed, where the kernel keeps watch", async () => {
  await withSite((files, folder) => {
    const opened = files.open(folder, "inside/ü %41.txt", STAYING);
    assert(opened === -ENOTDIR || contentOf(files, opened) === "deeper", `${opened}`);
  });
});

Deno.test("linux files: names at and over the kernel's bounds", async () => {
  await withSite((files, folder) => {
    assertEquals(files.open(folder, "x".repeat(255), STAYING), -ENOENT);
    assertEquals(files.open(folder, "x".repeat(300), STAYING), -ENAMETOOLONG);
    assertEquals(files.open(folder, "é".repeat(128), STAYING), -ENAMETOOLONG);
    assertEquals(files.open(folder, "sub/../".repeat(1000), STAYING) < 0, true);
    assertEquals(files.statusAt(folder, "a/".repeat(3000), new FileStatus()), -ENAMETOOLONG);
  });
});

Deno.test("linux files: status tells kind, size and version, and changes with the content", async () => {
  await withSite((files, folder, top) => {
    const status = new FileStatus();
    assertEquals(files.statusAt(folder, "a.txt", status), 0);
    const before = status.version;
    const stat = Deno.statSync(`${top}/site/a.txt`);
    assertEquals([status.isRegular, status.isFolder, status.size], [true, false, 7]);
    assertEquals(status.inode, stat.ino!.toString(16));
    assertEquals(status.modifiedSeconds, Math.floor(stat.mtime!.getTime() / 1000));
    const opened = files.open(folder, "a.txt", STAYING);
    assertEquals([files.status(opened, status), status.version], [0, before]);
    // Same length, and the time of modification put back: the time of change gives it away.
    Deno.writeTextFileSync(`${top}/site/a.txt`, "CONTENT");
    Deno.utimeSync(`${top}/site/a.txt`, stat.atime!, stat.mtime!);
    assertEquals(files.status(opened, status), 0);
    assert(status.version !== before);
    files.close(opened);
    Deno.writeTextFileSync(`${top}/site/a.txt`, "content");
    assertEquals(files.statusAt(folder, "sub", status), 0);
    assertEquals([status.isRegular, status.isFolder], [false, true]);
    assertEquals(files.statusAt(folder, "nothing", status), -ENOENT);
  });
});

Deno.test("linux files: a folder's entries, without what leads out and what is no file", async () => {
  await withSite((files, folder) => {
    const opened = files.open(folder, "", STAYING);
    const entries = expectEntries(files.list(opened, { ...STAYING, hidden: true, most: 100 }));
    const names = entries.map((entry) => `${entry.name}${entry.isFolder ? "/" : ""}`).sort();
    assertEquals(names.filter((name) => name !== "inside/"), ["a.txt", "sub/"]);
    assertEquals(entries.find(({ name }) => name === "a.txt")?.size, 7);
    assert(expectEntries(files.list(opened, { ...STAYING, hidden: true, most: 1 })).length <= 1);
    files.close(opened);
    const file = files.open(folder, "a.txt", STAYING);
    assertEquals(files.list(file, { ...STAYING, hidden: true, most: 1 }), -ENOTDIR);
    files.close(file);
  });
});

Deno.test({
  name: "linux files: a FIFO does not keep anybody waiting, and no right is an answer",
  fn: async () => {
    const top = await Deno.makeTempDir({ prefix: "async-deno-test-" });
    try {
      await new Deno.Command("mkfifo", { args: [`${top}/fifo`] }).output();
      const files = BOTH_WAYS[0]!;
      const folder = files.openFolder(top);
      const opened = files.open(folder, "fifo", STAYING);
      const status = new FileStatus();
      assertEquals([files.status(opened, status), status.isRegular], [0, false]);
      files.close(opened);
      await Deno.writeTextFile(`${top}/mine`, "mine", { mode: 0 });
      // Root may read everything.
      const expected = Deno.uid() === 0 ? "mine" : -EACCES;
      assertEquals(contentOf(files, files.open(folder, "mine", STAYING)), expected);
      files.close(folder);
    } finally {
      await Deno.remove(top, { recursive: true });
    }
  },
});
