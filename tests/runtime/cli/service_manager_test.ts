/** What a service manager receives that does not read for a while. The end-to-end test has the real server. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ServiceManager } from "../../../runtime/cli/service_manager.ts";
import { sendDatagram } from "../../../runtime/os/mod.ts";
import "../../support/load_libc.ts";

const MANY = 10_000;

Deno.test("service manager: no WATCHDOG=1 is sent before READY=1", async () => {
  await withManager({ WATCHDOG_USEC: "2000" }, async ({ manager, path, receive }) => {
    await ticks(30);
    assert(sendDatagram(path, "before READY"));
    assertEquals(await receive(), "before READY");
    manager.ready("serving");
    assertEquals(await receive(), "READY=1\nSTATUS=serving");
    assertEquals(await receive(), "WATCHDOG=1");
  });
});

Deno.test("service manager: a state that finds the queue full is sent later, in order", async () => {
  await withManager({}, async ({ manager, path, receive }) => {
    const filled = fill(path);
    manager.ready("one");
    manager.reloading();
    manager.ready("two");
    for (let i = 0; i < filled; i++) assertEquals(await receive(), "full");
    assertStringIncludes(await receive(), "RELOADING=1\n");
    assertEquals(await receive(), "READY=1\nSTATUS=two");
  });
});

Deno.test("service manager: STOPPING=1 replaces the states that wait", async () => {
  await withManager({ WATCHDOG_USEC: "2000" }, async ({ manager, path, receive }) => {
    const filled = fill(path);
    manager.reloading();
    manager.ready("two");
    manager.stopping(1);
    for (let i = 0; i < filled; i++) assertEquals(await receive(), "full");
    assertStringIncludes(await receive(), "STOPPING=1\n");
  });
});

interface Parts {
  readonly manager: ServiceManager;
  readonly path: string;
  /** The next datagram. */
  receive(): Promise<string>;
}

async function withManager(
  variables: Readonly<Record<string, string>>,
  run: (parts: Parts) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  const path = `${folder}/notify`;
  const socket = Deno.listenDatagram({ transport: "unixpacket", path });
  const manager = new ServiceManager(
    (name) => ({ ...variables, NOTIFY_SOCKET: path })[name],
    Deno.pid,
  );
  const receive = async () => new TextDecoder().decode((await socket.receive())[0]);
  try {
    await run({ manager, path, receive });
  } finally {
    manager.dispose();
    socket.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Fills the queue of the socket; returns the number of datagrams. */
function fill(path: string): number {
  for (let i = 0; i < MANY; i++) if (!sendDatagram(path, "full")) return i;
  throw new Error("the queue is never full");
}

/** Waits until a timer of a millisecond, as that of the watchdog, has fired so often. */
async function ticks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setTimeout(resolve, 1));
}
