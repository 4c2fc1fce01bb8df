/**
 * Which tests a word of `deno task test WORD` chooses, and how many passed.
 *
 * In: the word, or what `deno test` printed. Out: its arguments, or its counts. Pure: run.ts runs them.
 * The words of the seed's suite choose the scenarios that they chose there, by the words in brackets
 * in the scenarios' names; `unit` and `e2e` divide the tests in two; `executable` is `e2e` against
 * what `deno task compile` built, `deno-transport` is `e2e` over Deno's own sockets, `tls` over TLS by
 * OpenSSL, each without the tests that use none of it; `-quick` leaves out tests that hardly depend on it: for
 * another transport all but how bytes are read and sent, for the executable most of the protocols, for another
 * version of Deno what calls nothing of Deno.
 */

/** The arguments of `deno test` for one word. */
export interface TestPlan {
  /** Folders and files, relative to the top folder. */
  readonly paths: readonly string[];
  /**
   * Runs of other folders and files on the cores that the paths leave free, each in one isolate; left out of the paths.
   * Some run at the same time; the others follow in this order.
   */
  readonly beside?: readonly (readonly string[])[];
  /** A regular expression between slashes for `--filter`, or undefined for every test of the paths. */
  readonly filter?: string;
  /** Only the files that import one of these modules, directly or through other files of `tests/`: see test_files.ts. */
  readonly importing?: readonly string[];
  /** Files whose path has this are left out. */
  readonly without?: RegExp;
  /** Whether the files share an isolate: see joined_tests.ts. Not if tests measure memory or times. */
  readonly joined?: boolean;
  /** Whether servers speak TLS by OpenSSL: see suite_tls.ts. */
  readonly overTls?: boolean;
  /** The value of `--transport`; undefined: the default. */
  readonly transport?: string;
  /** The executable that the end-to-end tests start instead of main.ts. */
  readonly executable?: string;
}

/** What `deno test` counted. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const EXECUTABLE = "dist/async-deno";
const SCENARIOS = "tests/e2e/scenarios_test.ts";

/**
 * What starts the server as a child process: from the executable or over TLS, if the suite says so. A test that does not
 * import it has its servers in its own process, or none.
 */
const SERVER_PROCESS = ["tests/support/server.ts"];
/** Both kinds of servers take the transport of the suite. */
const TRANSPORT_OF_SUITE = [...SERVER_PROCESS, "tests/support/suite_transport.ts"];

/** The suites that depend on how bytes are read and sent. */
const TRANSPORT: readonly string[] = endToEnd([
  "channels/delivery",
  "channels/streams",
  "compressed_echo",
  "files/large",
  "half_close",
  "pipelining",
  "refusals",
  "stopping",
  "websocket_closes",
  "websocket",
]);

/**
 * Those that call Deno, the kernel, OpenSSL or npm packages. The others compute over typed arrays, alike on every version, the
 * searches for faults among them.
 */
const ON_DENO: readonly string[] = folders([
  "runtime/deno",
  "runtime/executor",
  "runtime/native",
  "runtime/observe",
  "runtime/os",
  "runtime/serve/app",
  "runtime/serve/app_source",
  "runtime/serve/auth",
  "runtime/serve/channel_proxy",
  "runtime/serve/deflate",
  "runtime/serve/engine",
  "runtime/serve/files",
  "runtime/serve/tokens",
  "runtime/serve/webhooks",
  "runtime/serve/worker",
  "runtime/tls",
]);

/**
 * Cannot run over TLS of the suite: their peers are sockets of the kernel that speak none, their servers or commands know each other by
 * http:// and ws://, they compare what a server without TLS prints, or a client has to leave bytes in the kernel, which TLS of its
 * library reads ahead.
 */
const PLAIN =
  /\/(?:command_line|health|service_manager|faults\/(?:reset|vanished_peers|slow_peers)|engine\/.*|channels\/(?:subscribe_command|api_commands)|app\/backpressure)_test\.ts$/;

/** The tests of the program's modules, one by one: those that compute, and those whose threads block and die. */
const COMPUTING: readonly string[] = folders(["protocol"]);
const RUNTIME: readonly string[] = folders(["runtime"]);

/** Everything else but the end-to-end tests. */
const OTHERS: readonly string[] = folders([
  "fuzz",
  "concurrency",
  "support",
  "bench",
  "repo",
  "release",
  "soak",
]);

/** Everything but the end-to-end tests. */
const UNIT: readonly string[] = [...COMPUTING, ...RUNTIME, ...OTHERS];

/**
 * All end-to-end tests that do not depend on how soon anything happens, and all other tests. (The end-to-end tests that are left measure
 * times, descriptors or memory, or run browsers.) The longest runs are the first, so that none is left alone at the end; the threads that
 * block and die come when fewer tests share the cores.
 */
const BESIDE: readonly (readonly string[])[] = [
  folders(["e2e/app"]),
  folders(["e2e/channels"]),
  folders(["e2e/engine"]),
  [...COMPUTING, ...OTHERS],
  RUNTIME,
  [
    ...folders(["e2e/auth", "e2e/files", "e2e/pusher"]),
    ...endToEnd(["deflate_grid", "monitoring/access_log", "monitoring/metrics", "openssl"]),
  ],
  endToEnd([
    "answers",
    "command_line",
    "configuration",
    "curl",
    "endpoints",
    "half_close",
    "origin",
    "pipelining",
    "proxy",
    "refusals",
    "smuggling",
    "transport",
    "unix",
    "websocket",
    "websocket_compression",
  ]),
];

/** Every word, in the order in which errors list them. */
export const TEST_PLANS: Readonly<Record<string, TestPlan>> = {
  all: { paths: ["tests/e2e/"], beside: BESIDE },
  multi: { paths: [SCENARIOS] },
  http: { paths: [SCENARIOS], filter: scenariosWith("http") },
  ws: { paths: [SCENARIOS], filter: scenariosWith("ws") },
  stress: { paths: [SCENARIOS], filter: scenariosWith("stress") },
  // The names of the real browser's tests begin with "page: ".
  browser: {
    paths: [SCENARIOS, "tests/e2e/page/"],
    filter: "/^page: |\\[(?:\\w+ )*browser(?: \\w+)*\\]/",
  },
  concurrent: { paths: [SCENARIOS], filter: scenariosWith("concurrent") },
  unit: { paths: UNIT, joined: true },
  "unit-quick": { paths: ON_DENO, joined: true },
  e2e: { paths: ["tests/e2e/"] },
  "deno-transport": {
    paths: ["tests/e2e/", "tests/runtime/executor/"],
    importing: TRANSPORT_OF_SUITE,
    transport: "deno",
  },
  "deno-transport-quick": {
    paths: [...TRANSPORT, ...endToEnd(["reload", "tls", "transport"])],
    transport: "deno",
    joined: true,
  },
  // Their servers can speak TLS without knowing it.
  "tls-quick": { paths: TRANSPORT, importing: SERVER_PROCESS, overTls: true, joined: true },
  tls: { paths: ["tests/e2e/"], importing: SERVER_PROCESS, without: PLAIN, overTls: true },
  executable: { paths: ["tests/e2e/"], importing: SERVER_PROCESS, executable: EXECUTABLE },
  "executable-quick": {
    paths: [
      SCENARIOS,
      ...endToEnd([
        "app/app_rights",
        "app/samples",
        "channels/program",
        "engine/cluster_docs",
        "idle_memory",
        "stopping",
        "systemd",
        "transport",
        "unix",
      ]),
    ],
    // Of the scenarios, all with 2 workers and two with 8; all others. (The filter's language has no negation.)
    filter:
      "/^(?:scenario: 2 |scenario: 8 workers - (?:Basic HTTP|WebSocket \\[|the server )|[^s]|s[^c]|sc[^e])/",
    joined: true,
    executable: EXECUTABLE,
  },
};

/** The sum of the counts of several runs; undefined if one of them has none. */
export function sumOf(counts: readonly (TestCounts | undefined)[]): TestCounts | undefined {
  let sum: TestCounts = { passed: 0, failed: 0, skipped: 0 };
  for (const each of counts) {
    if (each === undefined) return undefined;
    const { passed, failed, skipped } = each;
    sum = {
      passed: sum.passed + passed,
      failed: sum.failed + failed,
      skipped: sum.skipped + skipped,
    };
  }
  return sum;
}

/** Whether `word` is a key of {@link TEST_PLANS}. */
export function isTestWord(word: string): boolean {
  return Object.hasOwn(TEST_PLANS, word);
}

/**
 * Reads the counts from the last summary in what `deno test` printed, such as
 * `ok | 12 passed (3 steps) | 0 failed | 2 ignored (1s)`.
 *
 * @returns undefined if there is none: `deno test` ended before the summary
 */
export function parseTestCounts(output: string): TestCounts | undefined {
  const summary = withoutColours(output).matchAll(/^(?:ok|FAILED) \| (?<counts>\d+ passed.*)$/gm);
  const counts = [...summary].at(-1)?.groups?.["counts"];
  if (counts === undefined) return undefined;
  const numberOf = (word: string) => Number(new RegExp(`(\\d+) ${word}`).exec(counts)?.[1] ?? 0);
  return { passed: numberOf("passed"), failed: numberOf("failed"), skipped: numberOf("ignored") };
}

/** The part of what `deno test` printed that tells what failed, and why; empty if nothing failed. */
export function failuresIn(output: string): string {
  // deno-lint-ignore no-control-regex -- the escape is what a colour begins with
  const begin = /^(?:\x1b\[[0-9;]*m)* ERRORS (?:\x1b\[[0-9;]*m)*$/m.exec(output);
  return begin === null ? "" : output.slice(begin.index);
}

/** A test that failed. */
export interface FailedTest {
  readonly name: string;
  /** Its file, relative to the top folder. */
  readonly file: string;
}

/**
 * The failed tests that `deno test` lists before its summary; a step counts as its test; files that do not load are not among
 * them. The list has where each test was declared, which may be in a file that several share: its own is the one that ran.
 */
export function failedTestsIn(output: string): FailedTest[] {
  const plain = withoutColours(output);
  const [, list = ""] = withoutColours(failuresIn(output)).split(/^ FAILURES $/m);
  const lines = [...list.matchAll(/^(?<name>\S.*) => \.\/\S+:\d+:\d+$/gm)];
  const names = new Set(lines.map(({ groups }) => groups!["name"]!.split(" ... ", 1)[0]!));
  return [...names].flatMap((name) => {
    const before = plain.slice(0, indexOfTest(plain, name));
    const file = [...before.matchAll(/^running \d+ tests? from (?:\.\/)?(\S+)$/gm)].at(-1)?.[1];
    return file === undefined ? [] : [{ name, file }];
  });
}

/** What `--filter` needs to choose exactly the tests with these names. */
export function filterOf(names: readonly string[]): string {
  const escaped = names.map((name) => name.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`));
  return `/^(?:${escaped.join("|")})$/`;
}

/** Whether each of these tests is in the output. */
export function hasRun(output: string, names: readonly string[]): boolean {
  const plain = withoutColours(output);
  return names.every((name) => indexOfTest(plain, name) > 0);
}

/** Where the line of a test begins, or 0. */
function indexOfTest(output: string, name: string): number {
  return output.indexOf(`\n${name} ...`) + 1;
}

/** The counts of a run whose failed tests ran again: what passed at last has passed. */
export function withRepeated(first: TestCounts, again: TestCounts): TestCounts {
  const { skipped } = first;
  return { passed: first.passed + first.failed - again.failed, failed: again.failed, skipped };
}

function withoutColours(output: string): string {
  // deno-lint-ignore no-control-regex -- as above
  return output.replaceAll(/\x1b\[[0-9;]*m/g, "");
}

function scenariosWith(word: string): string {
  return `/^scenario: .*\\[(?:\\w+ )*${word}(?: \\w+)*\\]/`;
}

function folders(names: readonly string[]): string[] {
  return names.map((folder) => `tests/${folder}/`);
}

/** The files of end-to-end tests with these names. */
function endToEnd(names: readonly string[]): string[] {
  return names.map((name) => `tests/e2e/${name}_test.ts`);
}
