/** Files by Deno's own calls: the same results as the kernel's, and no way out of the folder. */

import { assert, assertEquals } from "@std/assert";
import {
  EINVAL,
  ELOOP,
  ENOENT,
  ENOTDIR,
  EXDEV,
  FileStatus,
  type FileSystem,
  LinuxFiles,
  PortableFiles,
} from "../../../runtime/os/mod.ts";

const STAYING = { followLinks: false };
const FOLLOWING = { followLinks: true };

/** A folder `site` with a secret file next to it, removed afterwards. */
async function withSite(
  body: (files: PortableFiles, folder: number, top: string) => void | Promise<void>,
): Promise<void> {
  const top = await Deno.realPath(await Deno.makeTempDir({ prefix: "async-deno-test-" }));
  try {
    await Deno.mkdir(`${top}/site/sub`, { recursive: true });
    await Deno.mkdir(`${top}/site-beside`);
    await Deno.writeTextFile(`${top}/secret`, "secret");
    await Deno.writeTextFile(`${top}/site-beside/b`, "beside");
    await Deno.writeTextFile(`${top}/site/a.txt`, "content");
    await Deno.writeTextFile(`${top}/site/sub/ü %41.txt`, "deeper");
    await Deno.symlink("../secret", `${top}/site/out`);
    await Deno.symlink("../site-beside", `${top}/site/beside`);
    await Deno.symlink("sub", `${top}/site/inside`);
    await Deno.symlink("loop", `${top}/site/loop`);
    const files = new PortableFiles();
    const folder = files.openFolder(`${top}/site`);
    assert(folder >= 0);
    await body(files, folder, top);
    assertEquals(files.close(folder), 0);
  } finally {
    await Deno.remove(top, { recursive: true });
  }
}

/** The content of an opened file, or the negated errno. */
function contentOf(files: FileSystem, opened: number): string | number {
  if (opened < 0) return opened;
  const bytes = new Uint8Array(100);
  const count = files.read(opened, bytes, { start: 10, end: 60, offset: 2 });
  files.close(opened);
  return count < 0 ? count : new TextDecoder().decode(bytes.subarray(10, 10 + count));
}

Deno.test("portable files: a path inside the folder is opened, one that leads out never is", () =>
  withSite((files, folder) => {
    const rows: [path: string, staying: string | number, following: string | number][] = [
      ["a.txt", "ntent", "ntent"],
      ["sub/ü %41.txt", "eper", "eper"],
      ["inside/ü %41.txt", "eper", "eper"],
      ["out", -EXDEV, "cret"],
      ["../secret", -EXDEV, "cret"],
      ["beside/b", -EXDEV, "side"],
      ["loop", -ELOOP, -ELOOP],
      ["none", -ENOENT, -ENOENT],
      ["a.txt/b", -ENOTDIR, -ENOTDIR],
      ["a.txt\0", -EINVAL, -EINVAL],
    ];
    for (const [path, staying, following] of rows) {
      assertEquals(contentOf(files, files.open(folder, path, STAYING)), staying, path);
      assertEquals(contentOf(files, files.open(folder, path, FOLLOWING)), following, path);
    }
  }));

Deno.test("portable files: opening a FIFO does not block, and it is not a regular file", () =>
  withSite(async (files, folder, top) => {
    await new Deno.Command("mkfifo", { args: [`${top}/site/fifo`] }).output();
    const opened = files.open(folder, "fifo", STAYING);
    const status = new FileStatus();
    assertEquals(files.status(opened, status), 0);
    assertEquals([status.isRegular, status.isFolder], [false, false]);
    assertEquals(files.close(opened), 0);
  }));

// Loaded here and not within a test: the library stays loaded for the life of the process.
const linux = new LinuxFiles();

Deno.test("portable files: status and entries are those of the kernel", () =>
  withSite((files, folder, top) => {
    const beneath = linux.openFolder(`${top}/site`);
    for (const path of ["a.txt", "sub", ""]) {
      const [ours, its] = [new FileStatus(), new FileStatus()];
      const opened = files.open(folder, path, STAYING);
      assertEquals([files.status(opened, ours), linux.statusAt(beneath, path, its)], [0, 0]);
      files.close(opened);
      const facts = ({ isRegular, isFolder, size, modifiedSeconds, inode }: FileStatus) => {
        return { isRegular, isFolder, size, modifiedSeconds, inode };
      };
      assertEquals(facts(ours), facts(its), path);
      assertEquals(files.statusAt(folder, path, its), 0);
      assertEquals([its.version, its.identity], [ours.version, ours.identity]);
    }
    const names = (of: FileSystem, from: number) => {
      const opened = of.open(from, "", STAYING);
      const read = of.readNames(opened);
      assertEquals(of.readNames(opened), null);
      of.close(opened);
      if (read === null || typeof read === "number") throw new Error(`no names: ${read}`);
      return read.toSorted();
    };
    assertEquals(names(files, folder), names(linux, beneath));
    linux.close(beneath);
  }));

Deno.test("portable files: a changed file has another version", () =>
  withSite(async (files, folder, top) => {
    const status = new FileStatus();
    files.statusAt(folder, "a.txt", status);
    const before = status.version;
    await Deno.writeTextFile(`${top}/site/a.txt`, "longer than before");
    files.statusAt(folder, "a.txt", status);
    assert(status.version !== before);
    assertEquals(files.statusAt(folder, "gone", status), -ENOENT);
  }));
