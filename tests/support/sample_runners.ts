/**
 * Runs a sample of docs/samples/, or another app, unchanged: by this server, by Bun, or by `deno serve`.
 *
 * In: a sample's name, or a path in the repository. Out: the URL at which it answers. Bun and Hono are installed from npm into dist/samples/, once; every run gets a copy of
 * the file there, as packages are found beside a file or above.
 */

import { findProgram } from "./process_facts.ts";
import { freePort } from "./free_port.ts";
import { isFile } from "./is_file.ts";
import { REPOSITORY, Server, startServer } from "./server.ts";
import { waitFor } from "./wait_for.ts";

/** Exact versions: the samples' answers are compared. */
const PACKAGES = ["bun@1.4.5", "hono@4.13.19", "postgres@3.4.7"];
const FOLDER = new URL("dist/samples/", REPOSITORY).pathname;
const BUN = `${FOLDER}node_modules/.bin/bun`;

/** Names in tests what is missing. */
export const NO_NPM = findProgram("npm") === undefined && !isFile(BUN)
  ? " (skipped: no npm here, see package npm)"
  : "";

/** How a sample is run. */
export type Runner = "async-deno" | "bun" | "deno serve";

/** A sample that answers. */
export interface RunningSample extends AsyncDisposable {
  /** Without a slash at the end. */
  readonly url: string;
  /** This server, if it runs the sample. */
  readonly server?: Server;
}

/**
 * Starts a sample, or the app with this path.
 *
 * @param args further arguments of this server
 * @param workers of this server; two: what a sample says works on all cores
 */
export async function startSample(
  sample: string,
  runner: Runner,
  args: readonly string[] = [],
  workers = 2,
): Promise<RunningSample> {
  await install();
  const folder = await Deno.makeTempDir({ dir: FOLDER, prefix: "run-" });
  const path = sample.includes("/") ? sample : `docs/samples/${sample}`;
  const file = `${folder}/${path.split("/").at(-1)}`;
  await Deno.copyFile(new URL(path, REPOSITORY), file);
  const running = runner === "async-deno"
    ? await ours(file, args, workers)
    : await theirs(runner, file);
  return {
    url: running.url,
    ...(running instanceof Server ? { server: running } : {}),
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function install(): Promise<void> {
  const installed = PACKAGES.map((name) => name.split("@")[0]!);
  if (installed.every((name) => isFile(`${FOLDER}node_modules/${name}/package.json`))) return;
  await Deno.mkdir(FOLDER, { recursive: true });
  const args = ["install", "--prefix", FOLDER, "--no-audit", "--no-fund", ...PACKAGES];
  const { success, stderr } = await new Deno.Command("npm", { args, stdin: "null" }).output();
  if (!success) throw new Error(`npm cannot install: ${new TextDecoder().decode(stderr)}`);
}

async function ours(file: string, args: readonly string[], workers: number): Promise<Server> {
  return await startServer({ workers, args: ["--app", file, "--endpoints", "none", ...args] });
}

async function theirs(runner: "bun" | "deno serve", file: string): Promise<RunningSample> {
  const port = freePort();
  const [program, args] = runner === "bun" ? [BUN, [file]] : [Deno.execPath(), [
    "serve",
    "-A",
    "--no-lock",
    "--host",
    "127.0.0.1",
    "--port",
    `${port}`,
    file,
  ]];
  const child = new Deno.Command(program, {
    args,
    env: { PORT: `${port}`, NODE_ENV: "production" },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const url = `http://127.0.0.1:${port}`;
  const answers = () =>
    fetch(`${url}/`).then(async (response) => (await response.body?.cancel(), true), () => false);
  await waitFor(answers, { what: `an answer of ${runner} ${file}` });
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
    },
  };
}
