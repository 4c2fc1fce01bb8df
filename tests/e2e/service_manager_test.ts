/**
 * What a service manager receives by sd_notify(3). The test takes the place of systemd: a Unix datagram socket.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { NotifyReceiver } from "../support/notify_receiver.ts";
import { findProgram } from "../support/process_facts.ts";
import { type Server, waitFor, within, withServer } from "../support/server.ts";

const PYTHON = findProgram("python3");

Deno.test("service manager: start, reload and stop send READY, RELOADING, READY, STOPPING, each with a status", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    const path = `${folder}/notify`;
    using socket = new NotifyReceiver(path);
    await withServer({ workers: 2, env: { NOTIFY_SOCKET: path } }, async (server) => {
      const ready = await socket.next("READY=1");
      assertEquals(ready, `READY=1\nSTATUS=${server.banner} | ${server.url}/`);
      const before = monotonicMicroseconds();
      server.kill("SIGHUP");
      const reloading = await socket.next("RELOADING=1");
      const [, time] = /^MONOTONIC_USEC=(\d+)$/m.exec(reloading) ?? [];
      // On the clock that systemd compares it with, and recent.
      assertEquals(Math.abs(Number(time) - before) < 60e6, true, `${time} and ${before}`);
      assertEquals(await socket.next("READY=1"), ready);
      const exit = await server.stop();
      assertEquals(exit.code, 0);
      const stopping = await socket.next("STOPPING=1");
      assertMatch(stopping, /^STATUS=stopping/m);
      assertMatch(stopping, /^EXTEND_TIMEOUT_USEC=13000000$/m);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("service manager: without a receiver the server serves all the same", async () => {
  for (const address of ["/no/such/socket", "@", "vsock:2:1234", "x".repeat(200)]) {
    await withServer({ workers: 1, env: { NOTIFY_SOCKET: address } }, async (server) => {
      assertEquals(await (await fetch(`${server.url}/healthz`)).text(), "ok");
    });
  }
});

Deno.test("service manager: a serving server keeps sending WATCHDOG=1", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    const path = `${folder}/notify`;
    using socket = new NotifyReceiver(path);
    const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: "200000" };
    await withServer({ workers: 1, env }, async () => {
      await socket.next("READY=1");
      for (let i = 0; i < 5; i++) assertEquals(await socket.next("WATCHDOG=1"), "WATCHDOG=1");
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Receives one datagram on an abstract address, which Deno cannot listen on. */
const ABSTRACT = `
import socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind("\\0" + sys.argv[1])
print("bound", flush=True)
print(listener.recv(4096).decode(), flush=True)
`;

Deno.test({
  name: "service manager: an abstract address, which systemd may use, receives READY" +
    (PYTHON === undefined ? " (skipped, to install it: apt-get install python3)" : ""),
  ignore: PYTHON === undefined,
  fn: async () => {
    const name = `async-deno-test-${crypto.randomUUID()}`;
    const manager = new Deno.Command(PYTHON!, { args: ["-c", ABSTRACT, name], stdout: "piped" });
    const child = manager.spawn();
    let output = "";
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const bytes of child.stdout) output += decoder.decode(bytes, { stream: true });
    })();
    await waitFor(() => output.includes("bound\n"), { what: "the socket" });
    await withServer({ workers: 1, env: { NOTIFY_SOCKET: `@${name}` } }, async (_: Server) => {
      await within(child.status, { what: "a message" });
      await reading;
      assertMatch(output, /^bound\nREADY=1\nSTATUS=Workers: 1/);
    });
  },
});

function monotonicMicroseconds(): number {
  // proc(5): seconds since the machine started, which on Linux is what CLOCK_MONOTONIC counts.
  return Number(Deno.readTextFileSync("/proc/uptime").split(" ")[0]) * 1e6;
}
