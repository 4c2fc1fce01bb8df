/**
 * A site without a socket: which system calls it makes, and when, and what it holds.
 */

import { assert, assertEquals } from "@std/assert";
import { DateField, RequestHead } from "../../../../protocol/mod.ts";
import {
  type Config,
  DEFAULT_CONFIG,
  FILES,
  type FilesConfig,
} from "../../../../runtime/config/mod.ts";
import { MAX_LISTED, Site } from "../../../../runtime/serve/files/mod.ts";
import { EMFILE, type FileSystem, LinuxFiles } from "../../../../runtime/os/mod.ts";
import type { Exchange } from "../../../../runtime/serve/session/mod.ts";
import { putFile } from "../../../support/site.ts";

const REAL = new LinuxFiles();

/** The real disk; records every call, and can simulate that no descriptor is left. */
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
  readNames: FileSystem["readNames"] = (descriptor) => {
    this.calls.push("names");
    return REAL.readNames(descriptor);
  };
  close: FileSystem["close"] = (descriptor) => {
    this.calls.push("close");
    return REAL.close(descriptor);
  };

  /** What was asked since the last time. */
  take(): string[] {
    return this.calls.splice(0);
  }
}

/** An exchange that records its answer. */
class Answer {
  readonly request = new RequestHead();
  readonly bodyBytes = new Uint8Array(0);
  readonly bodyStart = 0;
  readonly bodyEnd = 0;
  readonly clientAddress = "";
  readonly isSecure = false;
  readonly clientSubject = "";
  status = 0;
  kind = "";
  body: Uint8Array = new Uint8Array(0);

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
  respondConstant: Exchange["respondConstant"] = ({ status }, body) => {
    this.body = body;
    this.#set("constant", status);
  };
  respondPreparedPart: Exchange["respondPreparedPart"] = ({ status }) => this.#set("file", status);
  respondParts: Exchange["respondParts"] = ({ status }) => this.#set("parts", status);
  respondStream: Exchange["respondStream"] = ({ status }) => {
    this.#set("stream", status);
    return null;
  };
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

Deno.test("site: a hot file makes no system call for nearly a second, then asks only for its status", async () => {
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

Deno.test("site: small files are kept in memory and closed, large ones are kept open within a bound", async () => {
  const large = Object.fromEntries([0, 1, 2, 3].map((i) => [`${i}.bin`, new Uint8Array(50_000)]));
  await withBench({ ...large, "a.png": "small" }, { openFiles: 2 }, (bench) => {
    bench.get("/a.png");
    assertEquals(bench.files.take().filter((call) => call === "close").length, 1);
    for (const i of [0, 1, 2, 3]) assertEquals(bench.get(`/${i}.bin`), "200 file");
    assertEquals(bench.files.take().filter((call) => call === "close").length, 2);
  });
});

Deno.test("site: without descriptors cached files are still sent, others get the folder's 50x.html", async () => {
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

Deno.test("site: a route that was evicted before its turn looks the path up again", async () => {
  const large = Object.fromEntries([0, 1, 2].map((i) => [`${i}.bin`, new Uint8Array(50_000)]));
  await withBench(large, { openFiles: 1 }, (bench) => {
    const route = bench.site.find("/0.bin");
    for (const path of ["/1.bin", "/2.bin"]) bench.get(path);
    const answer = new Answer("/0.bin");
    void route.handle(answer);
    assertEquals(`${answer.status} ${answer.kind}`, "200 file");
  });
});

Deno.test("site: memory stays within its bound, whatever is requested", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 300 }, (_, i) => [`${i}.png`, new Uint8Array(10_000)]),
  );
  await withBench(files, { memoryBytes: 500_000 }, (bench) => {
    for (let i = 0; i < 300; i++) assertEquals(bench.get(`/${i}.png`), "200 prepared");
    bench.files.take();
    // Each takes twice its size and a few thousand bytes: about twenty fit.
    const held = Array.from({ length: 300 }, (_, i) => {
      bench.get(`/${299 - i}.png`);
      return bench.files.take().length === 0;
    }).findIndex((wasHeld) => !wasHeld);
    assert(held > 10 && held < 25, `${held} files of 10 kB in 500 kB`);
  });
});

/** A folder that was last changed long ago, so that its times are trusted. */
function settle(folder: string): void {
  Deno.utimeSync(folder, 1_700_000_000, 1_700_000_000);
}

/** Requests a listing, and waits for it. */
async function listed(bench: Bench): Promise<Uint8Array> {
  const answer = new Answer("/");
  await bench.site.find("/").handle(answer);
  assertEquals(answer.status, 200);
  return answer.body;
}

function sizesIn(body: Uint8Array): Record<string, number> {
  const rows = new TextDecoder().decode(body).matchAll(
    /<bdi>([^<]+)<[^\n]*number"><data value="(\d+)"/g,
  );
  return Object.fromEntries([...rows].map(([, name, size]) => [name!, Number(size)]));
}

Deno.test("site: a folder of 5,000 files is listed in slices, and read once for concurrent requests", async () => {
  await withBench({}, { listing: true }, async (bench) => {
    for (let i = 0; i < 5000; i++) Deno.writeTextFileSync(`${bench.folder}/${i}`, "");
    settle(bench.folder);
    const answers = [1, 2, 3].map(() => new Answer("/"));
    const pending = answers.map((answer) => bench.site.find("/").handle(answer));
    const slices = [bench.files.take()];
    // Each macrotask is a turn for the worker's other connections.
    while (answers.some(({ status }) => status === 0)) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      slices.push(bench.files.take());
    }
    await Promise.all(pending);
    assert(slices.length > 40, `${slices.length} turns`);
    const largest = Math.max(...slices.map((calls) => calls.length));
    assert(largest < 400, `${largest} calls of the disk in one slice`);
    const calls = slices.flat();
    assert(calls.filter((call) => call === "names").length < 10);
    assertEquals(calls.filter((call) => call === "open 4711").length, 1);
    assertEquals(new Set(answers.map(({ body }) => body)).size, 1);
  });
});

Deno.test("site: of very many names the first ones are listed, in whatever order the disk names them", async () => {
  await withBench({}, { listing: true }, async (bench) => {
    // The worst order: the first name comes last.
    const names = Array.from({ length: MAX_LISTED + 300 }, (_, i) => `f${i}`).reverse();
    names.push("aaa_first.txt");
    for (const name of names) Deno.writeTextFileSync(`${bench.folder}/${name}`, "");
    settle(bench.folder);
    bench.files.readNames = () => names.length === 0 ? null : names.splice(0, 1000);
    const shown = Object.keys(sizesIn(await listed(bench)));
    const wanted = Array.from({ length: MAX_LISTED - 1 }, (_, i) => `f${i}`);
    assertEquals(shown, ["aaa_first.txt", ...wanted]);
    const asked = bench.files.take().filter((call) => call.startsWith("status "));
    assert(asked.length < MAX_LISTED + 10, `${asked.length} entries were looked at`);
  });
});

Deno.test("site: a listing is cached while the folder is unchanged, and compared once a second", async () => {
  await withBench({ "a": "1", "b": "22", "sub/c": "" }, { listing: true }, async (bench) => {
    settle(bench.folder);
    const first = await listed(bench);
    assertEquals(sizesIn(first), { a: 1, b: 2 });
    bench.files.take();
    assertEquals(await listed(bench), first);
    assertEquals(bench.files.take(), ["open index.html"], "nothing of the folder is looked at");
    bench.now += 1000;
    assert(await listed(bench) === first, "the very same bytes");
    const calls = bench.files.take();
    assert(!calls.includes("names") && !calls.includes("open a"), calls.join());
    assert(calls.includes("status a"));
    // A file grows without a change of its folder.
    Deno.writeTextFileSync(`${bench.folder}/b`, "333", { append: true });
    assertEquals(sizesIn(await listed(bench)), { a: 1, b: 2 });
    bench.now += 1000;
    assertEquals(sizesIn(await listed(bench)), { a: 1, b: 5 });
    assert(!bench.files.take().includes("names"));
    Deno.writeTextFileSync(`${bench.folder}/d`, "4444");
    Deno.removeSync(`${bench.folder}/a`);
    bench.now += 1000;
    assertEquals(sizesIn(await listed(bench)), { b: 5, d: 4 });
    Deno.writeTextFileSync(`${bench.folder}/index.html`, "<p>own");
    assertEquals(bench.get("/"), "200 prepared", "a page of its own is seen at once");
  });
});

Deno.test("site: a folder that was changed just now is read again, as its times are coarse", async () => {
  await withBench({ "a": "1" }, { listing: true }, async (bench) => {
    await listed(bench);
    bench.files.take();
    bench.now += 1000;
    await listed(bench);
    assert(bench.files.take().includes("names"));
  });
});

Deno.test("site: listings share the memory bound of files, with one entry for each folder", async () => {
  const folders = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`d${i}/a`, ""]));
  await withBench(folders, { listing: true, memoryBytes: 100_000 }, (bench) => {
    const names = (path: string) => {
      bench.get(path);
      return bench.files.take().filter((call) => call === "names").length;
    };
    for (let i = 0; i < 50; i++) assert(names(`/d${i}/`) > 0);
    for (const path of ["/d49/", "/%6449/", "/d%349/", "//d49//"]) assertEquals(names(path), 0);
    assert(names("/d0/") > 0, "the oldest is not kept");
  });
});

Deno.test("site: if index.html is a folder, the answer is the listing, or 404", async () => {
  for (const [listing, expected] of [[true, "200 constant"], [false, "404 text"]] as const) {
    await withBench({ "sub/index.html/a": "" }, { listing }, (bench) => {
      assertEquals(bench.get("/sub/"), expected);
    });
  }
});

Deno.test("site: a folder that cannot be opened for lack of descriptors is 503, not 404", async () => {
  await withBench({ "sub/a": "" }, { listing: true }, (bench) => {
    const { open } = bench.files;
    bench.files.open = (folder, path, how) => {
      bench.files.exhausted = path === "sub";
      return open(folder, path, how);
    };
    assertEquals(bench.get("/sub/"), "503 text");
    bench.files.open = open;
    bench.files.exhausted = false;
    assertEquals(bench.get("/sub/"), "200 constant");
  });
});
