/**
 * A worker with an app gives Deno's event loop its turns, also while no handler is pending: what the app has left running goes
 * on, while the worker is idle and while it is busy; with and without io_uring, and over Deno's own sockets.
 */

import { assertEquals } from "@std/assert";
import type { Config } from "../../../runtime/mod.ts";
import { type HandlersServer, withHandlers } from "../../support/handlers_server.ts";
import { within } from "../../support/wait_for.ts";

const THREAD = new URL("../../support/app_turns_thread.ts", import.meta.url);
/** Requests of the flood that keeps a worker busy, on as many connections. */
const FLOOD = 16;
const MAX_ROUNDS = 20_000;
const ECHOES = 20;

/** What the app leaves running, and tells by a connection when it has made progress. */
const TELLING = ["/ticks", "/stat", "/messages", "/stream"] as const;

type Server = Pick<HandlersServer, "port">;

async function leave({ port }: Server, path: string, toldAt: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}${path}?${toldAt}`);
  assertEquals([response.status, await response.text()], [200, "left"]);
}

/** Lets the app leave something running, and waits until it tells. */
async function expectProgress(server: Server, path: string): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const told = listener.accept();
  await leave(server, path, listener.addr.port);
  const conn = await within(told, { what: `progress of ${path}` });
  conn.close();
}

async function expectFetches(server: Server): Promise<void> {
  let fetches = 0;
  const enough = Promise.withResolvers<void>();
  await using other = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    if (++fetches === 10) enough.resolve();
    return new Response("");
  });
  await leave(server, "/fetch", other.addr.port);
  await within(enough.promise, { what: "ten fetches" });
}

async function expectEchoes(server: Server): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept();
  await leave(server, "/echo", listener.addr.port);
  using conn = await within(accepted, { what: "a connection of the app" });
  const bytes = new Uint8Array(8);
  for (let i = 0; i < ECHOES; i++) {
    await conn.write(Uint8Array.of(i));
    const count = await within(conn.read(bytes), { what: "an echo" });
    assertEquals([count, bytes[0]], [1, i]);
  }
}

/** Keeps all connections asking until `body` is done. */
async function withFlood({ port }: Server, body: () => Promise<void>): Promise<void> {
  const request = new TextEncoder().encode("GET /missing HTTP/1.1\r\nHost: a\r\n\r\n");
  let isOver = false;
  const ask = async () => {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const bytes = new Uint8Array(1024);
    for (let i = 0; i < MAX_ROUNDS && !isOver; i++) {
      await conn.write(request);
      await conn.read(bytes);
    }
  };
  const asking = Array.from({ length: FLOOD }, ask);
  try {
    await body();
  } finally {
    isOver = true;
    await Promise.all(asking);
  }
}

const WAYS: Record<string, Partial<Config>> = {
  "with io_uring, if the kernel has it": {},
  "without io_uring": { ioUring: "off" },
};

for (const [way, config] of Object.entries(WAYS)) {
  Deno.test(`app turns, ${way}: timers, files, messages and streams go on while the worker is idle`, async () => {
    await withHandlers(THREAD, config, async (server) => {
      for (const path of TELLING) await expectProgress(server, path);
    });
  });

  Deno.test(`app turns, ${way}: fetches and connections go on while the worker is idle`, async () => {
    await withHandlers(THREAD, config, async (server) => {
      await expectFetches(server);
      await expectEchoes(server);
    });
  });

  Deno.test(`app turns, ${way}: all of them go on while the worker is busy`, async () => {
    await withHandlers(THREAD, config, async (server) => {
      await withFlood(server, async () => {
        for (const path of TELLING) await expectProgress(server, path);
        await expectFetches(server);
        await expectEchoes(server);
      });
    });
  });
}
