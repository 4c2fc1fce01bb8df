/**
 * The client's connection to a Unix socket: it sends and receives, and never waits longer than its time limit.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { hasLibc, SystemError, UnixConnection } from "../../../runtime/os/mod.ts";
import { UnixPeer } from "../../support/unix_peer.ts";

// Loaded once per process, so that it is not a leak of the first test.
hasLibc();

const PATIENCE = 20_000;
const SHORT = 50;

async function withPath(body: (path: string) => Promise<void> | void): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    await body(`${folder}/peer.sock`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

Deno.test("unix connection: sends all, receives all, and sees the end", () =>
  withPath(async (path) => {
    await using peer = await UnixPeer.start(path, "answer");
    const request = `${"a".repeat(1_000_000)}\r\n\r\n`;
    using connection = new UnixConnection(path, PATIENCE);
    connection.write(bytesOf(request));
    const buffer = new Uint8Array(4);
    let answer = "";
    for (let count; (count = connection.read(buffer)) !== null;) {
      answer += new TextDecoder().decode(buffer.subarray(0, count));
    }
    assertEquals(answer, "answer");
    assertEquals((await peer.request()).trim(), request.trim());
  }));

Deno.test("unix connection: a path without a listener, and a path that is too long, are system errors", () =>
  withPath((path) => {
    const nobody = assertThrows(() => new UnixConnection(path, PATIENCE), SystemError);
    assertEquals(nobody.call, "connect");
    assertThrows(() => new UnixConnection("/".repeat(200), PATIENCE), SystemError);
  }));

Deno.test("unix connection: a silent peer takes no longer than the time limit", () =>
  withPath(async (path) => {
    await using _peer = await UnixPeer.start(path, "");
    using connection = new UnixConnection(path, SHORT);
    connection.write(bytesOf("\r\n\r\n"));
    assertThrows(() => connection.read(new Uint8Array(1)), Deno.errors.TimedOut, "in time");
  }));

Deno.test("unix connection: a full backlog takes no longer than the time limit", () =>
  withPath((path) => {
    using _listener = Deno.listen({ transport: "unix", path });
    using open = new DisposableStack();
    const fill = () => {
      for (let i = 0; i < 10_000; i++) open.use(new UnixConnection(path, SHORT));
    };
    assertThrows(fill, Deno.errors.TimedOut, "in time");
  }));
