import { assertEquals, assertThrows } from "@std/assert";
import { parseOptions, USAGE, UsageError } from "./options.ts";
import { PEERS } from "./peers/mod.ts";

const IDS = PEERS.map((peer) => peer.id);

Deno.test("defaults", () => {
  const { rounds, seconds, warmup, workers, rows, peers, quick, install, help } = parseOptions(
    [],
    IDS,
  );
  assertEquals({ rounds, seconds, warmup, workers }, {
    rounds: 3,
    seconds: 3,
    warmup: 3,
    workers: 2,
  });
  assertEquals({ peers, quick, install, help }, {
    peers: [],
    quick: false,
    install: false,
    help: false,
  });
  assertEquals(rows.test("anything"), true);
});

Deno.test("every option", () => {
  const options = parseOptions(
    [
      "--rounds",
      "7",
      "--seconds=0.5",
      "--warmup",
      "0",
      "--workers",
      "4",
      "--rows",
      "^WS-",
      "--peers",
      "bun, nginx",
      "--quick",
      "--install",
      "--pin",
      "--cold",
      "--before=dist/old",
    ],
    IDS,
  );
  const { rounds, seconds, warmup, workers, rows, peers, quick, install, pin, before } = options;
  assertEquals({ rounds, seconds, warmup, workers }, {
    rounds: 7,
    seconds: 0.5,
    warmup: 0,
    workers: 4,
  });
  assertEquals({ peers, quick, install }, { peers: ["bun", "nginx"], quick: true, install: true });
  assertEquals({ pin, before }, { pin: true, before: "dist/old" });
  assertEquals([options.cold, options.rate], [true, false]);
  assertEquals(parseOptions(["--rate"], IDS).rate, true);
  assertEquals([rows.test("ws-16"), rows.test("close")], [true, false]);
});

Deno.test("pinned or with an engine, a server has one worker by default", () => {
  assertEquals(parseOptions(["--pin"], IDS).workers, 1);
  assertEquals(parseOptions(["--pin", "--workers", "3"], IDS).workers, 3);
  assertEquals(parseOptions(["--engine"], IDS).workers, 1);
});

Deno.test("an earlier executable is a peer only with --before", () => {
  assertEquals(parseOptions(["--before", "x", "--peers", "before"], IDS).peers, ["before"]);
  assertThrows(() => parseOptions(["--peers", "before"], IDS), UsageError, 'no peer "before"');
});

Deno.test("invalid arguments are refused", () => {
  const rows = [
    [["--round", "5"], 'unknown argument "--round'],
    [["keep-alive"], 'unknown argument "keep-alive"'],
    [["--rounds", "0"], "--rounds must be"],
    [["--rounds", "1.5"], "--rounds must be a whole number"],
    [["--seconds"], "--seconds must be"],
    [["--seconds", "x"], "--seconds must be a number"],
    [["--workers", "257"], "up to 256"],
    [["--cold", "--rate"], "use one of them"],
    [["--app", "--engine"], "use one of them"],
    [["--engine", "--pin"], "--engine has no rows with --pin"],
    [["--engine", "--peers", "bun"], "--engine has no rows with --peers"],
    [["--before="], "--before must name an executable"],
    [["--rows", "("], "not a regular expression"],
    [["--peers", "apache"], 'no peer "apache"'],
  ] as const;
  for (const [args, message] of rows) {
    assertThrows(() => parseOptions(args, IDS), UsageError, message);
  }
});

Deno.test("the usage names every peer", () => {
  for (const id of IDS) assertEquals(USAGE.includes(id), true, id);
});
