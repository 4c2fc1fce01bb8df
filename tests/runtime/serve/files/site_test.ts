/**
 * A site without a socket: what it asks of the disk, and when, and what it holds.
 */

import { assert, assertEquals } from "@std/assert";
import { DateField, RequestHead } from "../../../../protocol/mod.ts";
import {
  type Config,
  DEFAULT_CONFIG,
  FILES,
  type FilesConfig,
} from "../../../../runtime/config/mod.ts";
import { Site } from "../../../../runtime/serve/files/mod.ts";
import { EMFILE, type FileSystem, LinuxFiles } from "../../../../runtime/os/mod.ts";
import type { Exchange } from "../../../../runtime/serve/session/mod.ts";
import { putFile } from "../../../support/site.ts";

const REAL = new LinuxFiles();

/** The real disk, with every call written down; may have no descriptor left. */
class CountingFiles implements FileSystem {
  calls: string[] = [];
  exhausted = false;
  open: FileSystem["open"] = (folder, path, how) => {
    this.calls.push(`open ${path}`);
    return this.exhausted ? -EMFILE : REAL.open(folder, path, how);
  };
  openFolder: FileSystem["openFolder"] = (path) => REAL.openFolder(path);
  statusOfPath: FileSystem["statusOfPath"] = (path, into) => {
    this.calls.push("status of the root");
    return REAL.statusOfPath(path, into);
  };
  status: FileSystem["status"] = (descriptor, into) => REAL.status(descriptor, into);
  statusAt: FileSystem["statusAt"] = (folder, path, into) => {
    this.calls.push(`status ${path}`);
    return REAL.statusAt(folder, path, into);
  };
  read: FileSystem["read"] = (descriptor, bytes, at) => REAL.read(descriptor, bytes, at);
  list: FileSystem["list"] = (descriptor, how) => REAL.list(descriptor, how);
  close: FileSystem["close"] = (descriptor) => {
    this.calls.push("close");
    return REAL.close(descriptor);
  };

  /** What was asked since the last time. */
  take(): string[] {
    return this.calls.splice(0);
  }
}

/** An exchange that writes down how it was answered. */
class Answer {
  readonly request = new RequestHead();
  readonly bodyBytes = new Uint8Array(0);
  readonly bodyStart = 0;
  readonly bodyEnd = 0;
  readonly clientAddress = "";
  readonly isSecure = false;
  status = 0;
  kind = "";

  constructor(path: string) {
    this.request.method = "GET";
    this.request.path = path;
  }

  #set(kind: string, status: number): void {
    this.kind = kind;
    this.status = status;
  }

  respond: Exchange["respond"] = ({ status }) => this.#set("bytes", status);
  respondText: Exchange["respondText"] = (status) => this.#set("text", status);
  respondPrepared: Exchange["respondPrepared"] = ({ status }) => this.#set("prepared", status);
  respondConstant: Exchange["respondConstant"] = ({ status }) => this.#set("constant", status);
  respondPreparedPart: Exchange["respondPreparedPart"] = ({ status }) => this.#set("file", status);
  respondParts: Exchange["respondParts"] = ({ status }) => this.#set("parts", status);
}

interface Bench {
  readonly site: Site;
  readonly files: CountingFiles;
  readonly folder: string;
  now: number;
  get(path: string): string;
}

async function withBench(
  content: Readonly<Record<string, string | Uint8Array>>,
  files: Partial<FilesConfig>,
  body: (bench: Bench) => void | Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    for (const [path, bytes] of Object.entries(content)) await putFile(`${folder}/${path}`, bytes);
    const config: Config = { ...DEFAULT_CONFIG, workers: 1, files: { ...FILES, ...files } };
    const disk = new CountingFiles();
    const date = new DateField(0);
    const parts = { config, root: folder, files: disk, date, now: () => bench.now };
    const bench: Bench = {
      files: disk,
      folder,
      now: 1000,
      site: undefined as unknown as Site,
      get(path) {
        const answer = new Answer(path);
        void this.site.find(path).handle(answer);
        return `${answer.status} ${answer.kind}`;
      },
    };
    Object.assign(bench, { site: new Site(parts) });
    disk.take();
    await body(bench);
    bench.site.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("site: a hot file asks nothing of the disk for nearly a second, then its status alone", async () => {
  await withBench({ "a.png": "small" }, {}, (bench) => {
    assertEquals(bench.get("/a.png"), "200 prepared");
    assert(bench.files.take().includes("open a.png"));
    for (let i = 0; i < 100; i++) {
      bench.now += 8;
      assertEquals(bench.get("/a.png"), "200 prepared");
    }
    assertEquals(bench.files.take(), []);
    bench.now += 200;
    bench.get("/a.png");
    assertEquals(bench.files.take(), ["status of the root", "status a.png"]);
  });
});

Deno.test("site: small files are held in memory and closed, large ones open and bounded", async () => {
  const large = Object.fromEntries([0, 1, 2, 3].map((i) => [`${i}.bin`, new Uint8Array(50_000)]));
  await withBench({ ...large, "a.png": "small" }, { openFiles: 2 }, (bench) => {
    bench.get("/a.png");
    assertEquals(bench.files.take().filter((call) => call === "close").length, 1);
    for (const i of [0, 1, 2, 3]) assertEquals(bench.get(`/${i}.bin`), "200 file");
    assertEquals(bench.files.take().filter((call) => call === "close").length, 2);
  });
});

Deno.test("site: without descriptors what is held still goes out, the rest gets the folder's 50x.html", async () => {
  await withBench({ "a.png": "a", "b.png": "b", "50x.html": "<p>busy" }, {}, (bench) => {
    bench.get("/a.png");
    bench.files.exhausted = true;
    assertEquals(bench.get("/a.png"), "200 prepared");
    assertEquals(bench.get("/b.png"), "503 parts");
    bench.now += 5000;
    assertEquals(bench.get("/b.png"), "503 parts", "the page was loaded before it was needed");
    const failed = new Answer("/echo");
    assert(bench.site.answerFailure(failed));
    assertEquals(failed.status, 500);
    bench.files.exhausted = false;
    assertEquals(bench.get("/b.png"), "200 prepared");
  });
});

Deno.test("site: a route that was let go of before its turn looks the path up anew", async () => {
  const large = Object.fromEntries([0, 1, 2].map((i) => [`${i}.bin`, new Uint8Array(50_000)]));
  await withBench(large, { openFiles: 1 }, (bench) => {
    const route = bench.site.find("/0.bin");
    for (const path of ["/1.bin", "/2.bin"]) bench.get(path);
    const answer = new Answer("/0.bin");
    void route.handle(answer);
    assertEquals(`${answer.status} ${answer.kind}`, "200 file");
  });
});

Deno.test("site: memory stays within its bound, whatever is asked for", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 300 }, (_, i) => [`${i}.png`, new Uint8Array(10_000)]),
  );
  await withBench(files, { memoryBytes: 500_000 }, (bench) => {
    for (let i = 0; i < 300; i++) assertEquals(bench.get(`/${i}.png`), "200 prepared");
    bench.files.take();
    // Each takes its bytes twice, and a few thousand: about twenty fit.
    const held = Array.from({ length: 300 }, (_, i) => {
      bench.get(`/${299 - i}.png`);
      return bench.files.take().length === 0;
    }).findIndex((wasHeld) => !wasHeld);
    assert(held > 10 && held < 25, `${held} files of 10 kB in 500 kB`);
  });
});
