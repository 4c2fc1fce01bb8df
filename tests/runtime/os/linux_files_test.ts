/**
 * Files of the real kernel: paths inside the folder are opened, paths that lead out never are, with openat2 and
 * without; status, contents and entries.
 */

import { assert, assertEquals } from "@std/assert";
import { within } from "../../support/wait_for.ts";
import type { Swapping } from "./swapping_thread.ts";
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
  LinuxFiles,
} from "../../../runtime/os/mod.ts";

// Loaded here and not within a test: the library stays loaded for the life of the process.
const BOTH_WAYS = [true, false].map((openat2) => new LinuxFiles({ openat2 }));

const STAYING = { followLinks: false };
const FOLLOWING = { followLinks: true };

/** Absolute links in the folder; TOP is its parent. */
const ABSOLUTE: Readonly<Record<string, string>> = {
  "absolute-folder": "TOP/site/sub",
  "absolute-chain": "absolute",
  "by-another-path": "TOP/alias/a.txt",
  "absolute-root": "TOP/site",
  "beside": "TOP/site-beside",
  "absolute-out": "TOP/secret",
  "absolute-nothing": "TOP/site/nothing",
  "absolute-loop": "TOP/site/absolute-loop",
  "up-and-back": "../site/a.txt",
};

/** A folder `site` with a secret file next to it, removed afterwards. */
async function withSite(
  body: (files: LinuxFiles, folder: number, top: string) => void | Promise<void>,
) {
  const top = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    await Deno.mkdir(`${top}/site/sub`, { recursive: true });
    await Deno.writeTextFile(`${top}/secret`, "secret");
    await Deno.writeTextFile(`${top}/site/a.txt`, "content");
    await Deno.writeTextFile(`${top}/site/sub/ü %41.txt`, "deeper");
    await Deno.symlink("../secret", `${top}/site/out`);
    await Deno.symlink(`${top}/site/a.txt`, `${top}/site/absolute`);
    await Deno.symlink("sub", `${top}/site/inside`);
    await Deno.mkdir(`${top}/site-beside`);
    await Deno.writeTextFile(`${top}/site-beside/a.txt`, "secret");
    await Deno.symlink(`${top}/site`, `${top}/alias`);
    for (const [name, target] of Object.entries(ABSOLUTE)) {
      await Deno.symlink(target.replace("TOP", top), `${top}/site/${name}`);
    }
    for (const files of BOTH_WAYS) {
      const folder = files.openFolder(`${top}/site`);
      assert(folder >= 0);
      await body(files, folder, top);
      assertEquals(files.close(folder), 0);
    }
  } finally {
    await Deno.remove(top, { recursive: true });
  }
}

/** The content of an opened file, or the negated errno. */
function contentOf(files: LinuxFiles, opened: number): string | number {
  if (opened < 0) return opened;
  const bytes = new Uint8Array(100);
  const count = files.read(opened, bytes, { start: 10, end: 60, offset: 0 });
  files.close(opened);
  return count < 0 ? count : new TextDecoder().decode(bytes.subarray(10, 10 + count));
}

function namesIn(files: LinuxFiles, opened: number): string[] | number {
  const names: string[] = [];
  while (true) {
    const more = files.readNames(opened);
    if (typeof more === "number") return more;
    if (more === null) return names.sort();
    names.push(...more);
  }
}

Deno.test("linux files: a path inside the folder is opened", async () => {
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
    // open(2) with O_DIRECTORY does not accept a link to a folder.
    const refused = [-EXDEV, -ELOOP, -EINVAL, -ENOENT, -ENOTDIR];
    const paths = [
      "../secret",
      "sub/../../secret",
      "out",
      "absolute-out",
      "absolute-root/out",
      "beside/a.txt",
      "beside",
      "absolute-nothing",
      "absolute-loop",
      `${top}/site/a.txt`,
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

Deno.test("linux files: with followLinks, links are followed out of the folder", async () => {
  await withSite((files, folder) => {
    assertEquals(contentOf(files, files.open(folder, "out", FOLLOWING)), "secret");
    assertEquals(contentOf(files, files.open(folder, "absolute", FOLLOWING)), "content");
  });
});

Deno.test("linux files: a link to a target inside the folder is followed, relative or absolute", async () => {
  await withSite((files, folder) => {
    const rows: [path: string, content: string | number][] = [
      ["inside/ü %41.txt", "deeper"],
      ["absolute", "content"],
      ["absolute-chain", "content"],
      ["absolute-folder/ü %41.txt", "deeper"],
      ["absolute-root/absolute-root/a.txt", "content"],
      ["absolute-root", -EISDIR],
      ["by-another-path", "content"],
      ["up-and-back", "content"],
    ];
    for (const [path, content] of rows) {
      assertEquals(contentOf(files, files.open(folder, path, STAYING)), content, path);
    }
  });
});

Deno.test("linux files: a link that is changed to lead out meanwhile is refused", async () => {
  await withSite(async (files, folder, top) => {
    await Deno.writeTextFile(`${top}/site/sub/a.txt`, "content");
    const targets = [`${top}/site/sub`, `${top}/site-beside`, "sub", "../site-beside"];
    const seen = new Set<string | number>();
    await whileSwapping(`${top}/site/swapped`, targets, () => {
      for (let i = 0; i < 10_000; i++) {
        seen.add(contentOf(files, files.open(folder, "swapped/a.txt", STAYING)));
      }
    });
    assert(seen.has("content"), [...seen].join());
    assert(!seen.has("secret"));
  });
});

/** Runs `body` while a thread keeps changing the target of the link at `path`. */
async function whileSwapping(path: string, targets: string[], body: () => void): Promise<void> {
  const thread = new Worker(new URL("swapping_thread.ts", import.meta.url), { type: "module" });
  const said = () => new Promise((resolve) => thread.onmessage = resolve);
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const swapping = said();
  thread.postMessage({ path, targets, stop } satisfies Swapping);
  await within(swapping, { what: "a thread that swaps" });
  const stopped = said();
  try {
    body();
  } finally {
    Atomics.store(stop, 0, 1);
    await within(stopped, { what: "the end of the thread" });
    thread.terminate();
  }
}

Deno.test("linux files: names at and above the kernel's limits", async () => {
  await withSite((files, folder) => {
    assertEquals(files.open(folder, "x".repeat(255), STAYING), -ENOENT);
    assertEquals(files.open(folder, "x".repeat(300), STAYING), -ENAMETOOLONG);
    assertEquals(files.open(folder, "é".repeat(128), STAYING), -ENAMETOOLONG);
    assertEquals(files.open(folder, "sub/../".repeat(1000), STAYING) < 0, true);
    assertEquals(files.statusAt(folder, "a/".repeat(3000), new FileStatus()), -ENAMETOOLONG);
  });
});

Deno.test("linux files: the status has kind, size and version, and changes with the content", async () => {
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
    // Same length, and the modification time set back: the time of change still differs.
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

Deno.test("linux files: the names in a folder, however many there are", async () => {
  await withSite((files, folder, top) => {
    const opened = files.open(folder, "sub", STAYING);
    assertEquals(namesIn(files, opened), ["ü %41.txt"]);
    assertEquals(namesIn(files, opened), [], "they are read once");
    files.close(opened);
    const place = Deno.makeTempDirSync({ dir: top });
    const many = Array.from({ length: 3000 }, (_, i) => `${i} ${"x".repeat(50)}`).sort();
    for (const name of many) Deno.writeTextFileSync(`${place}/${name}`, "");
    const large = files.openFolder(place);
    const readable = files.open(large, "", STAYING);
    assertEquals(namesIn(files, readable), many);
    for (const descriptor of [readable, large]) files.close(descriptor);
    const file = files.open(folder, "a.txt", STAYING);
    assertEquals(namesIn(files, file), -ENOTDIR);
    files.close(file);
  });
});

Deno.test({
  name: "linux files: opening a FIFO does not block, and missing permission is a result",
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
      // Root may read every file.
      const expected = Deno.uid() === 0 ? "mine" : -EACCES;
      assertEquals(contentOf(files, files.open(folder, "mine", STAYING)), expected);
      files.close(folder);
    } finally {
      await Deno.remove(top, { recursive: true });
    }
  },
});
