/**
 * A worker thread whose endpoints leave something running when they have answered: timers, connections, fetches,
 * messages. Started by tests of how a worker with an app waits.
 *
 * In: requests whose query is a port of the test. Out: what was left running connects to that port when it has made progress,
 * so that a test need not ask, which would wake the worker.
 */

import { DateField } from "../../protocol/mod.ts";
import { createRouter } from "../../runtime/serve/routes/mod.ts";
import { LogLabel } from "../../runtime/observe/log/mod.ts";
import type { Route } from "../../runtime/serve/session/mod.ts";
import { serveThread } from "../../runtime/executor/serve_thread.ts";

/** What has to happen so often before the test is told. */
const TIMES = 10;
const HOSTNAME = "127.0.0.1";

/** Tells the test by a connection to its port. */
async function tell(port: number): Promise<void> {
  const conn = await Deno.connect({ hostname: HOSTNAME, port });
  conn.close();
}

async function fetchOften(port: number): Promise<void> {
  for (let i = 0; i < TIMES; i++) await (await fetch(`http://${HOSTNAME}:${port}/`)).text();
}

async function statOften(port: number): Promise<void> {
  for (let i = 0; i < TIMES; i++) await Deno.stat(new URL(import.meta.url));
  await tell(port);
}

/** Sends itself a message in each message. */
function messageOften(port: number): void {
  const { port1, port2 } = new MessageChannel();
  let messages = 0;
  port2.onmessage = () => {
    if (++messages < TIMES) return port1.postMessage("");
    port1.close();
    port2.close();
    void tell(port);
  };
  port1.postMessage("");
}

function tickOften(port: number): void {
  let ticks = 0;
  const interval = setInterval(() => {
    if (++ticks < TIMES) return;
    clearInterval(interval);
    void tell(port);
  }, 2);
}

/** Keeps a connection to the port, and sends back what comes. */
async function echo(port: number): Promise<void> {
  const conn = await Deno.connect({ hostname: HOSTNAME, port });
  await conn.readable.pipeTo(conn.writable);
}

async function streamOften(port: number): Promise<void> {
  let chunks = 0;
  const stream = new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (++chunks < TIMES) controller.enqueue("");
      else controller.close();
    },
  });
  for await (const _ of stream);
  await tell(port);
}

const LEAVES: Record<string, (port: number) => void | Promise<void>> = {
  "/ticks": tickOften,
  "/echo": echo,
  "/fetch": fetchOften,
  "/stat": statOften,
  "/messages": messageOften,
  "/stream": streamOften,
};

function leaving(leave: (port: number) => void | Promise<void>): Route {
  return {
    label: new LogLabel("test"),
    methods: null,
    wantsBody: false,
    webSocket: null,
    handle: (exchange) => {
      void leave(Number(exchange.request.query));
      exchange.respondText(200, "left");
    },
  };
}

const table = Object.entries(LEAVES).map(([path, leave]) => [path, leaving(leave)] as const);
serveThread(createRouter(table), new DateField(Date.now()), { hasApp: true });
