/**
 * TLS sockets whose peer does what TLS allows and nobody needs: one connection must neither hold the thread nor
 * grow in memory.
 */

import { assertEquals, assertLess } from "@std/assert";
import { EAGAIN, EPOLLERR, EPOLLIN, EPROTO, ETIMEDOUT } from "../../../runtime/os/mod.ts";
import { NO_OPENSSL } from "../../support/certificates.ts";
import "../../support/load_libc.ts";
import { OpensslPeer, writeAll } from "../../support/openssl_peer.ts";
import { NO_LIBSSL } from "../../support/tls_ways.ts";
import { waitFor } from "../../support/wait_for.ts";
import { TlsBench } from "./tls_bench.ts";

const MISSING = NO_LIBSSL + NO_OPENSSL;
/** Milliseconds for which a peer may take none of the bytes that wait for it. */
const WRITE_STALL = 60_000;

interface Peers {
  readonly bench: TlsBench;
  readonly peer: OpensslPeer;
}

function hostileTest(
  name: string,
  run: (peers: Peers) => Promise<void>,
  writeStall = WRITE_STALL,
): void {
  Deno.test({
    name: `a hostile TLS peer: ${name}${MISSING}`,
    ignore: MISSING !== "",
    fn: async () => {
      await using bench = await TlsBench.make({ writeStall });
      using peer = new OpensslPeer();
      const first = bench.recv(new Uint8Array(16));
      await peer.shakeHands(bench.conn);
      peer.write(new Uint8Array(1));
      await deliver({ bench, peer });
      assertEquals(await first, 1);
      await run({ bench, peer });
    },
  });
}

/** Sends what the peer has, and waits until the kernel has it all. */
async function deliver({ bench, peer }: Peers): Promise<void> {
  await writeAll(bench.conn, peer.ciphertext());
}

hostileTest("a key update is answered before the next data", async (peers) => {
  const { bench, peer } = peers;
  const bytes = new Uint8Array(64);
  for (let round = 1; round <= 3; round++) {
    peer.updateKeys(1, true);
    await deliver(peers);
    await bench.wait(EPOLLIN);
    assertEquals(bench.os.recv(bench.descriptor, bytes, bytes.length), -EAGAIN);
    assertEquals(bench.os.send(bench.descriptor, Uint8Array.of(round), 1, false), 1);
    const isDecrypted = async () => {
      const count = await bench.conn.read(bytes);
      peer.take(bytes.slice(0, count!)); // the server does not close
      return peer.plaintext()[0] === round;
    };
    await waitFor(isDecrypted, { what: "data with the new key" });
  }
});

hostileTest("more key updates than anyone needs end the connection", async (peers) => {
  const { bench, peer } = peers;
  peer.updateKeys(3_000, false);
  const flood = deliver(peers);
  const bytes = new Uint8Array(1024);
  const counts: number[] = [];
  const isEnded = async () => {
    await bench.wait(EPOLLIN, false);
    counts.push(bench.os.recv(bench.descriptor, bytes, bytes.length));
    return counts.at(-1) !== -EAGAIN;
  };
  await waitFor(isEnded, { what: "an end" });
  assertEquals(counts.at(-1), -EPROTO);
  assertLess(counts.length, 100);
  await flood;
});

hostileTest("key updates with data between them are read a few at a time", async (peers) => {
  const { bench, peer } = peers;
  for (let i = 0; i < 100; i++) {
    peer.updateKeys(10, false);
    peer.write(Uint8Array.of(i));
  }
  await deliver(peers);
  const bytes = new Uint8Array(1024);
  const received: number[] = [];
  let most = 0;
  const isAll = async () => {
    await bench.wait(EPOLLIN, false);
    const count = bench.os.recv(bench.descriptor, bytes, bytes.length);
    received.push(...bytes.subarray(0, Math.max(count, 0)));
    most = Math.max(most, count);
    return received.length === 100;
  };
  await waitFor(isAll, { what: "all data" });
  assertEquals(received, Array.from({ length: 100 }, (_, i) => i));
  assertLess(most, 10, "a turn has a bound");
});

/**
 * The server's answers to key updates find no room, because the peer has not read what was sent before; the result
 * is how many bytes the server held before.
 */
async function leaveAnswers({ bench, peer }: Peers): Promise<number> {
  const data = new Uint8Array(64 * 1024);
  while (bench.os.send(bench.descriptor, data, data.length, false) !== -EAGAIN);
  const before = bench.os.heldBytes;
  for (let i = 0; i < 100; i++) {
    peer.updateKeys(20, true);
    peer.write(Uint8Array.of(i));
  }
  await deliver({ bench, peer });
  await bench.wait(EPOLLIN);
  const bytes = new Uint8Array(1024);
  assertLess(bench.os.recv(bench.descriptor, bytes, bytes.length), 10);
  return before;
}

hostileTest("while it does not read the answers, it is not read", async (peers) => {
  const { bench } = peers;
  const before = await leaveAnswers(peers);
  // The answers of one turn, and what was received with them.
  const held = bench.os.heldBytes;
  assertLess(before, held);
  assertLess(held - before, 100 * 1024);
  const bytes = new Uint8Array(1024);
  for (let i = 0; i < 20; i++) {
    assertEquals(bench.os.recv(bench.descriptor, bytes, bytes.length), -EAGAIN);
    assertEquals(await bench.wait(EPOLLIN, false) & EPOLLIN, 0);
  }
  const ends = async () => {
    await bench.wait(EPOLLIN);
    return bench.os.recv(bench.descriptor, bytes, bytes.length) === -ETIMEDOUT;
  };
  await waitFor(ends, { what: "the end of the time" });
  assertEquals(await bench.wait(EPOLLIN, false) & EPOLLERR, EPOLLERR);
  assertLess(bench.os.heldBytes, held);
  bench.close();
  assertEquals(bench.os.heldBytes, 0);
}, 500);

hostileTest("once it reads the answers, it is read again", async (peers) => {
  const { bench } = peers;
  await leaveAnswers(peers);
  const sink = new Uint8Array(256 * 1024);
  const bytes = new Uint8Array(1024);
  void (async () => {
    while (await bench.conn.read(sink) !== null); // until the test closes it
  })().catch(() => {});
  const isRead = async () => {
    await bench.wait(EPOLLIN);
    return bench.os.recv(bench.descriptor, bytes, bytes.length) > 0;
  };
  await waitFor(isRead, { what: "data" });
});
