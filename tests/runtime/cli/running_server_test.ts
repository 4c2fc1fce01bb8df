/** Upgrades of a running server, whose successor is a fake: what is refused, and that a failure leaves the old one as it was. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { RunningServer } from "../../../runtime/cli/running_server.ts";
import { type Config, DEFAULT_CONFIG } from "../../../runtime/config/mod.ts";
import { UpgradeError } from "../../../runtime/executor/mod.ts";
import { ENOENT, SystemError } from "../../../runtime/os/mod.ts";
import { waitFor } from "../../support/wait_for.ts";

/** A server, and what it does in order. */
function bench(
  {
    pid = 100,
    release = () => Promise.resolve(),
    readConfig = () => Promise.reject(new Error("not called")),
    fault,
  }: {
    readonly pid?: number;
    release?(): Promise<void>;
    readConfig?(): Promise<Config>;
    /** What the start of the new server throws. */
    readonly fault?: Error;
  } = {},
) {
  const done: string[] = [];
  const ready = Promise.withResolvers<void>();
  const successor = { failure: undefined as string | undefined };
  const note = (text: string) => void done.push(text);
  const config = { ...DEFAULT_CONFIG, workers: 1 };
  const server = new RunningServer({
    pid,
    executor: {
      handover: { listeners: [], admin: null },
      stop: () => note("stop"),
      reload: () => Promise.resolve(),
      withDescriptors: (action) => action(),
      connectionsArrived: () => Promise.resolve(),
      prepareHandOver: () => Promise.resolve(note("prepare")),
      takeBack: () => Promise.resolve(note("take back")),
      handOver: () => note("hand over"),
    },
    config,
    manager: {
      ready: (status) => note(`READY ${status}`),
      reloading: () => note("RELOADING"),
      stopping: () => note("STOPPING"),
      handOver: (main) => note(`MAINPID ${main}`),
    },
    status: "serving",
    readConfig,
    startSuccessor: () => {
      note("start");
      if (fault !== undefined) throw fault;
      return Object.assign(successor, {
        pid: 200,
        connections: null,
        ready: () => ready.promise,
        release: () => release().then(() => note("release")),
        abandon: () => ready.reject(new UpgradeError("this server was stopped")),
      });
    },
    warn: note,
    inform: note,
  });
  const until = (text: string) =>
    waitFor(() => done.some((one) => one.includes(text)), { what: () => `${text} in ${done}` });
  return { server, config, done, ready, successor, until };
}

Deno.test("running server: the manager learns of the new process before that is released", async () => {
  const { server, done, ready, until } = bench();
  server.upgrade();
  ready.resolve();
  await until("upgraded");
  const upgraded = "upgraded: process 200 serves; this one finishes what is open, and ends";
  const starting = "upgrade: process 200 is starting";
  const order = ["MAINPID 200", "prepare", "release", "hand over"];
  assertEquals(done, ["start", starting, ...order, upgraded]);
  server.upgrade();
  assertStringIncludes(done.at(-1)!, "another server has replaced this one");
  server.stop();
  assertEquals(done.at(-1), "stop", "the manager is told nothing: it is the other process's now");
});

Deno.test("running server: if the new process fails later, this one ends, and a supervisor starts another", async () => {
  const { server, done, ready, successor, until } = bench();
  server.upgrade();
  ready.resolve();
  await until("upgraded");
  successor.failure = "signal 9";
  await until("stop");
  const ends =
    "process 200, which has replaced this server, has ended with signal 9: this one ends, too";
  assertEquals(done.slice(-2), [ends, "stop"]);
});

Deno.test("running server: once it is replaced, a reload tells the manager nothing more", async () => {
  const read = Promise.withResolvers<Config>();
  const { server, config, done, ready, until } = bench({ readConfig: () => read.promise });
  server.reload();
  server.upgrade();
  ready.resolve();
  await until("upgraded");
  const before = done.length;
  read.resolve(config);
  server.reload();
  await new Promise((resolve) => setTimeout(resolve)); // behind all that the two have to await
  assertEquals(done.slice(before), []);
  assertEquals(done[0], "RELOADING");
  server.stop();
});

Deno.test("running server: one upgrade at a time; after a failure there may be another one", async () => {
  const { server, done, ready, until } = bench();
  server.upgrade();
  await until("is starting");
  server.upgrade();
  assertEquals(done.at(-1), "SIGUSR2 is ignored: an upgrade is under way");
  ready.reject(new UpgradeError("no such file"));
  await until("no such file");
  assertEquals(done.at(-1), "the upgrade has failed, and this server serves on: no such file");
  server.upgrade();
  await waitFor(() => done.filter((one) => one === "start").length === 2, { what: "a start" });
});

Deno.test("running server: whatever prevents the start of a new server, this one serves on", async () => {
  const fault = new SystemError("open", ENOENT);
  const { server, done, until } = bench({ fault });
  server.upgrade();
  await until("serves on");
  assertStringIncludes(done.at(-1)!, "this server serves on: open: no such file");
  server.upgrade();
  await waitFor(() => done.length === 4, { what: "another attempt" });
});

Deno.test("running server: a stop ends the new server, too", async () => {
  const { server, done, until } = bench();
  server.upgrade();
  await until("is starting");
  server.stop();
  await until("this server was stopped");
  assertEquals(done.slice(2, 4), ["STOPPING", "stop"]);
  server.upgrade();
  assertEquals(done.at(-1), "SIGUSR2 is ignored: the server is stopping");
});

Deno.test("running server: if the new process has ended, the manager keeps this one", async () => {
  const release = () => Promise.reject(new UpgradeError("the new server has ended"));
  const { server, done, ready, until } = bench({ release });
  server.upgrade();
  ready.resolve();
  await until("the new server has ended");
  const order = ["MAINPID 200", "prepare", "take back", "MAINPID 100", "READY serving"];
  assertEquals(done.slice(2, 7), order);
  assertEquals(done.includes("hand over"), false);
});

Deno.test("running server: the first process of a container is not replaced", () => {
  const { server, done } = bench({ pid: 1 });
  server.upgrade();
  assertStringIncludes(done.join(), "a container ends with its first process");
});
