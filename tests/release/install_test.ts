/**
 * Runs install.sh as a user would, on archives made here, with a small script as the executable. An
 * archive that differs from the release is never installed.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { findProgram } from "../support/process_facts.ts";
import { REPOSITORY } from "../support/server.ts";

const MACHINE = Deno.build.arch;
const NAME = `async-deno-1.2.3-${MACHINE}-unknown-linux-gnu`;
const ARCHIVE = `${NAME}.tar.gz`;
const WORKING = '#!/bin/sh\necho "async-deno 1.2.3"\n';

/** A release in its own folder, and a folder to install to. */
interface Release {
  readonly folder: string;
  readonly archive: string;
  readonly prefix: string;
  readonly sha256: string;
}

async function run(program: string, ...args: string[]) {
  const child = new Deno.Command(program, { args, signal: AbortSignal.timeout(20_000) });
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

function install(...args: string[]) {
  return run("sh", new URL("install.sh", REPOSITORY).pathname, ...args);
}

async function withRelease(executable: string, use: (release: Release) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    const archive = `${folder}/${ARCHIVE}`;
    await Deno.mkdir(`${folder}/${NAME}`);
    await Deno.writeTextFile(`${folder}/${NAME}/async-deno`, executable, { mode: 0o755 });
    await run("tar", "-czf", archive, "-C", folder, NAME);
    const [sha256] = (await run("sha256sum", archive)).stdout.split(" ");
    await Deno.writeTextFile(
      `${folder}/SHA256SUMS`,
      `${"0".repeat(64)}  other\n${sha256}  ${ARCHIVE}\n`,
    );
    await use({ folder, archive, prefix: `${folder}/prefix`, sha256: sha256! });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function installed({ prefix }: Release): string[] {
  try {
    return [...Deno.readDirSync(`${prefix}/bin`)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

Deno.test("install: an archive with its checksum file in the same folder", () =>
  withRelease(WORKING, async (release) => {
    const { code, stdout, stderr } = await install(release.archive, "--prefix", release.prefix);
    assertEquals([code, stderr], [0, ""]);
    const [said, hint, end] = stdout.split("\n");
    assertEquals(said, `async-deno 1.2.3 is installed: ${release.prefix}/bin/async-deno`);
    assertStringIncludes(hint!, `add ${release.prefix}/bin to PATH`);
    assertEquals(end, "");
    assertEquals(installed(release), ["async-deno"]);
    assertEquals((await run(`${release.prefix}/bin/async-deno`)).stdout, "async-deno 1.2.3\n");
  }));

Deno.test("install: replaces an older executable that may be running, with a checksum argument", () =>
  withRelease(WORKING, async (release) => {
    const { archive, prefix, sha256, folder } = release;
    await Deno.mkdir(`${prefix}/bin`, { recursive: true });
    await Deno.writeTextFile(`${prefix}/bin/async-deno`, "old");
    using old = await Deno.open(`${prefix}/bin/async-deno`);
    await Deno.remove(`${folder}/SHA256SUMS`);
    const { code } = await install("--sha256", sha256.toUpperCase(), "--prefix", prefix, archive);
    assertEquals([code, installed(release)], [0, ["async-deno"]]);
    // The new file has a new inode: processes that run the old executable keep it.
    assertEquals(new TextDecoder().decode(await new Response(old.readable).bytes()), "old");
  }));

for (const program of ["curl", "wget"]) {
  const missing = findProgram(program) === undefined;
  Deno.test({
    name: `install: from a URL by ${program}${
      missing ? ` (skipped, to install it: apt-get install ${program})` : ""
    }`,
    ignore: missing,
    fn: () =>
      withRelease(WORKING, async (release) => {
        await using server = Deno.serve(
          { hostname: "127.0.0.1", port: 0, onListen: () => {} },
          (request) => {
            const name = new URL(request.url).pathname.slice(1);
            if (name !== ARCHIVE && name !== "SHA256SUMS") {
              return new Response(null, { status: 404 });
            }
            return Deno.readFile(`${release.folder}/${name}`).then((bytes) => new Response(bytes));
          },
        );
        const url = `http://127.0.0.1:${server.addr.port}`;
        const path = await pathWith(release.folder, program);
        const withPath = (...args: string[]) => run("env", `PATH=${path}`, "sh", script(), ...args);
        const failed = await withPath(`${url}/no/${ARCHIVE}`, "--prefix", release.prefix);
        assertEquals([failed.code, installed(release)], [1, []]);
        assertStringIncludes(failed.stderr, "cannot download");
        const { code, stderr } = await withPath(`${url}/${ARCHIVE}`, "--prefix", release.prefix);
        assertEquals([code, stderr, installed(release)], [0, "", ["async-deno"]]);
      }),
  });
}

function script(): string {
  return new URL("install.sh", REPOSITORY).pathname;
}

/** A folder for PATH with the programs that install.sh uses; of curl and wget only `downloader`. */
async function pathWith(folder: string, downloader: string): Promise<string> {
  const used = "sh uname id mktemp rm cp sha256sum cut awk tar gzip mkdir chmod mv tr sed";
  const path = `${folder}/bin`;
  await Deno.mkdir(path);
  for (const program of [...used.split(" "), downloader]) {
    const target = findProgram(program);
    if (target === undefined) throw new TypeError(`there is no ${program}`);
    await Deno.symlink(target, `${path}/${program}`);
  }
  return path;
}

/** A way to corrupt a release, and the expected error text. */
type Refusal = readonly [
  name: string,
  spoil: (release: Release) => Promise<readonly string[]>,
  says: string,
];

const REFUSALS: readonly Refusal[] = [
  ["a byte more in the archive", async ({ archive }) => {
    await Deno.writeTextFile(archive, "x", { append: true });
    return [];
  }, "is not what was released: its SHA-256 is "],
  [
    "a wrong checksum from elsewhere",
    () => Promise.resolve(["--sha256", "0".repeat(64)]),
    "should be 000",
  ],
  ["a list of checksums without it", async ({ folder }) => {
    await Deno.writeTextFile(`${folder}/sums`, `${"0".repeat(64)}  x-${ARCHIVE}\n`);
    return ["--sums", `${folder}/sums`];
  }, "has no checksum of async-deno-1.2.3"],
  ["no list of checksums", async ({ folder }) => {
    await Deno.remove(`${folder}/SHA256SUMS`);
    return [];
  }, "cannot read"],
  ["an empty checksum", () => Promise.resolve(["--sha256", ""]), "--sha256 needs a value"],
  ["an unknown option", () => Promise.resolve(["--prefx", "/x"]), "unknown option --prefx"],
  ["two archives", () => Promise.resolve(["b.tar.gz"]), "one archive at a time"],
];

for (const [name, spoil, says] of REFUSALS) {
  Deno.test(`install: ${name} is refused, and nothing is installed`, () =>
    withRelease(WORKING, async (release) => {
      const more = await spoil(release);
      const args = [release.archive, "--prefix", release.prefix, ...more];
      const { code, stdout, stderr } = await install(...args);
      assertEquals([code, stdout, installed(release)], [1, "", []], stderr);
      assertStringIncludes(stderr, says);
    }));
}

Deno.test("install: an executable that does not run here does not replace one that does", () =>
  withRelease("#!/bin/sh\nexit 1\n", async (release) => {
    await Deno.mkdir(`${release.prefix}/bin`, { recursive: true });
    await Deno.writeTextFile(`${release.prefix}/bin/async-deno`, "old");
    const { code, stderr } = await install(release.archive, "--prefix", release.prefix);
    assertEquals([code, installed(release)], [1, ["async-deno"]]);
    assertStringIncludes(stderr, "does not run here");
    assertEquals(await Deno.readTextFile(`${release.prefix}/bin/async-deno`), "old");
  }));

Deno.test("install: an archive for another machine is refused before it is read", async () => {
  const { code, stderr } = await install("async-deno-1.2.3-sparc64-unknown-linux-gnu.tar.gz");
  assertEquals(code, 1);
  assertStringIncludes(stderr, "is not for this machine");
});

Deno.test("install: --help prints the usage", async () => {
  const { code, stdout } = await install("--help");
  assertEquals(code, 0);
  assertStringIncludes(stdout, "sh install.sh ARCHIVE [--prefix DIR]");
  assert(!stdout.includes("set -eu"), stdout);
});

Deno.test("install: PATH is not mentioned if it contains the folder", () =>
  withRelease(WORKING, async ({ archive, prefix }) => {
    const path = `PATH=${Deno.env.get("PATH")}:${prefix}/bin`;
    const { stdout } = await run("env", path, "sh", script(), archive, "--prefix", prefix);
    assertEquals(stdout, `async-deno 1.2.3 is installed: ${prefix}/bin/async-deno\n`);
  }));
