/**
 * The test runner behind `deno task test [WORD]`.
 *
 * In: at most one word of the table in support/test_plan.ts; the default is `all`. Out: the output of
 * `deno test` as it arrives, and a last line `N passed, N failed, N skipped`. Exit code: that of
 * `deno test`; also 1 if no test was chosen or the executable is missing; 2 for an unknown word.
 *
 * The files run one after another, as many end-to-end tests measure times, descriptors and stops. With `all` the
 * tests that measure nothing run beside those, in runs with a lower priority and each in one isolate, four at a time; their
 * output follows at the end. Up to six failed tests run again, alone (with the others of their file, if it has an isolate of its
 * own); what passes only then is named. Types are checked by `deno task ok` and
 * not here, so that the tests begin at once.
 */

import { isFile } from "./support/is_file.ts";
import { JoinedTests } from "./support/joined_tests.ts";
import { SuiteTls } from "./support/suite_tls.ts";
import { filesThatImport, testFilesIn } from "./support/test_files.ts";
import {
  type FailedTest,
  failedTestsIn,
  failuresIn,
  filterOf,
  hasRun,
  isTestWord,
  parseTestCounts,
  sumOf,
  TEST_PLANS,
  type TestCounts,
  type TestPlan,
  withRepeated,
} from "./support/test_plan.ts";

const USAGE_ERROR = 2;

/** Names the packages that only tests use: every task downloads everything in the lock file of the top folder. */
const LOCK = "tests/deno.lock";

const TOP = new URL("../", import.meta.url);

async function main(args: readonly string[]): Promise<number> {
  const word = args[0] ?? "all";
  if (args.length > 1 || !isTestWord(word)) {
    const words = Object.keys(TEST_PLANS).join(", ");
    const fault = args.length > 1 ? "at most one word is allowed" : `unknown word "${word}"`;
    console.error(`error: ${fault}: choose one of ${words}, or none to run everything`);
    return USAGE_ERROR;
  }
  const plan = TEST_PLANS[word]!;
  if (plan.executable !== undefined && !isFile(new URL(plan.executable, TOP))) {
    console.error(
      `error: there is no ${plan.executable} to test: build it with "deno task compile"`,
    );
    return 1;
  }
  const runs = await repeatFailed(await runAll(plan));
  const code = Math.max(...runs.map((run) => run.code));
  const counts = sumOf(runs.map((run) => run.counts));
  const { passed, failed, skipped } = counts ?? { passed: 0, failed: 1, skipped: 0 };
  if (!counts) console.error("error: deno test ended before its summary");
  if (counts && passed + failed + skipped === 0) console.error("error: no test was chosen");
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return code === 0 && passed + skipped === 0 ? 1 : code;
}

/** Only Linux is sure to have the command. */
const LOWER_PRIORITY = Deno.build.os === "linux" ? ["nice", "-n", "10"] : [];

/** If more fail, it is not for what shared the cores with them. */
const MOST_REPEATED = 6;

interface TestRun {
  readonly plan: TestPlan;
  readonly code: number;
  /** Undefined: it ended before its summary. */
  readonly counts: TestCounts | undefined;
  /** What it printed. */
  readonly output: string;
}

/**
 * Runs failed tests again, alone: some measure times while others share the cores with them. A test that fails
 * again has failed; those that pass are named.
 */
async function repeatFailed(runs: readonly TestRun[]): Promise<TestRun[]> {
  const failed = runs.map((run) => failedTestsIn(run.output));
  const listed = runs.every(({ counts }, i) => counts?.failed === failed[i]!.length);
  if (!listed || failed.flat().length > MOST_REPEATED) return [...runs];
  const repeated: TestRun[] = [];
  for (const [i, run] of runs.entries()) {
    repeated.push(failed[i]!.length === 0 ? run : await repeat(run, failed[i]!));
  }
  return repeated;
}

async function repeat(first: TestRun, failed: readonly FailedTest[]): Promise<TestRun> {
  const names = failed.map(({ name }) => name);
  console.log(`\nagain, alone: ${names.join("; ")}\n`);
  const chosen = first.plan.joined === true
    ? { filter: filterOf(names) }
    : { paths: [...new Set(failed.map(({ file }) => file))] };
  const again = await runDenoTest({ ...first.plan, ...chosen }, { print: writeAll });
  if (!hasRun(again.output, names)) return first;
  const counts = again.counts && withRepeated(first.counts!, again.counts);
  if (again.code === 0) console.log(`\npassed only alone: ${names.join("; ")}`);
  return { ...again, counts };
}

/** The plan itself, and four of the runs beside it: more would keep it from the cores, and take more memory. */
const AT_ONCE = 5;

/** Runs the plan, and what runs beside it, whose output is printed afterwards. */
async function runAll({ beside = [], ...plan }: TestPlan): Promise<TestRun[]> {
  const runs = await severalAtOnce([
    () => runDenoTest(plan, { print: writeAll, ignored: beside.flat() }),
    ...beside.map((paths) => () =>
      runDenoTest({ paths, joined: true }, { through: LOWER_PRIORITY })
    ),
  ]);
  if (runs.length === 1) return runs;
  for (const { output } of runs.slice(1)) await writeText(output);
  // Whoever reads the end of a long output finds what failed there.
  for (const { output } of runs) await writeText(failuresIn(output));
  return runs;
}

/** Carries them out in their order, {@link AT_ONCE} at a time. */
async function severalAtOnce<T>(runs: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  const numbered = runs.entries();
  const worker = async () => {
    // All take from the same iterator.
    for (const [i, run] of numbered) results[i] = await run();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

interface RunOptions {
  /** What the run's output is passed to as it comes; default: nothing. */
  readonly print?: (bytes: Uint8Array) => Promise<void>;
  /** Folders and files that are left out. */
  readonly ignored?: readonly string[];
  /** The command and its arguments that executes `deno test`. */
  readonly through?: readonly string[];
}

/** Runs `deno test`, and passes on its output. */
async function runDenoTest(
  plan: TestPlan,
  { print, ignored = [], through = [] }: RunOptions,
): Promise<TestRun> {
  await using tls = plan.overTls === true ? await SuiteTls.make() : undefined;
  const filter = plan.filter === undefined ? [] : [`--filter=${plan.filter}`];
  const ignore = ignored.length === 0 ? [] : [`--ignore=${ignored.join(",")}`];
  const paths = chosenPaths(plan);
  using joined = plan.joined === true ? new JoinedTests(paths) : undefined;
  const fixed = [`--lock=${LOCK}`, "--config=deno.json", "--allow-all", "--no-check"];
  const options = ["test", ...fixed, ...filter, ...ignore];
  const [command = "", ...args] = [
    ...through,
    Deno.execPath(),
    ...options,
    ...(joined?.paths ?? paths),
  ];
  const child = new Deno.Command(command, {
    args,
    cwd: TOP,
    env: { ...environment(plan), ...tls?.variables },
    stdout: "piped",
  }).spawn();
  const decoder = new TextDecoder();
  let output = "";
  for await (const bytes of child.stdout) {
    output += decoder.decode(bytes, { stream: true });
    await print?.(bytes);
  }
  return { plan, code: (await child.status).code, counts: parseTestCounts(output), output };
}

/** The folders and files themselves, unless the plan chooses some of their files. */
function chosenPaths({ paths, importing, without }: TestPlan): readonly string[] {
  if (importing === undefined && without === undefined) return paths;
  const files = paths.flatMap(testFilesIn).filter((file) => without?.test(file) !== true);
  return importing === undefined ? files : filesThatImport(files, importing);
}

function environment({ executable, transport }: TestPlan): Record<string, string> {
  // Deno turns colours off for a pipe.
  const colours = Deno.stdout.isTerminal() && !Deno.noColor;
  return {
    ...(colours ? { FORCE_COLOR: "1" } : {}),
    ...(executable === undefined ? {} : { ASYNC_DENO_EXECUTABLE: executable }),
    ...(transport === undefined ? {} : { ASYNC_DENO_TRANSPORT: transport }),
  };
}

function writeText(text: string): Promise<void> {
  return writeAll(new TextEncoder().encode(text));
}

async function writeAll(bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await Deno.stdout.write(bytes.subarray(written));
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
