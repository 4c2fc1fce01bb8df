/**
 * TLS sockets whose peer does what TLS allows and nobody needs: one connection must neither hold the thread nor
 * grow in memory.
 */

import { assertEquals, assertLess } from "@std/assert";
import {
  EAGAIN,
  ENOBUFS,
  EPOLLERR,
  EPOLLIN,
  EPROTO,
  ETIMEDOUT,
  LinuxOs,
} from "../../../runtime/os/mod.ts";
import { heapBytes } from "../../support/c_heap.ts";
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
  prepare: (peer: OpensslPeer) => void = () => {},
): void {
  Deno.test({
    name: `a hostile TLS peer: ${name}${MISSING}`,
    ignore: MISSING !== "",
    fn: async () => {
      await using bench = await TlsBench.make({ writeStall });
      using peer = new OpensslPeer();
      prepare(peer);
      const first = bench.recv(new Uint8Array(16));
      await peer.shakeHands(bench.conn);
      peer.write(new Uint8Array(1));
      await deliver({ bench, peer });
      assertEquals(await first, 1);
      await run({ bench, peer });
    },
  });
}

/** Registers a test of a client that has only connected. */
function helloTest(name: string, run: (bench: TlsBench) => Promise<void>): void {
  Deno.test({
    name: `a hostile TLS peer: ${name}${MISSING}`,
    ignore: MISSING !== "",
    fn: async () => {
      await using bench = await TlsBench.make();
      await run(bench);
    },
  });
}

/** The first `sent` bytes of a ClientHello of `length` bytes, in records of up to `share` bytes. */
function helloOf(length: number, sent: number, share = 16_000): Uint8Array {
  const message = new Uint8Array(4 + sent).fill(97);
  message.set([1, length >> 16, (length >> 8) & 0xff, length & 0xff, 3, 3]);
  const records: number[] = [];
  for (let at = 0; at < message.length; at += share) {
    const part = message.subarray(at, at + share);
    records.push(0x16, 3, 1, part.length >> 8, part.length & 0xff, ...part);
  }
  return Uint8Array.from(records);
}

/** Sends these bytes; the first error, or -EAGAIN once the server holds `held` bytes of memory for them. */
async function readHello(bench: TlsBench, bytes: Uint8Array, held = Infinity): Promise<number> {
  await writeAll(bench.conn, bytes);
  const buffer = new Uint8Array(16);
  let last = -EAGAIN;
  const isRead = async () => {
    await bench.wait(EPOLLIN);
    last = bench.os.recv(bench.descriptor, buffer, buffer.length);
    return last !== -EAGAIN || bench.os.heldBytes >= held;
  };
  await waitFor(isRead, { what: "an error, or the memory" });
  return last;
}

/** Waits until the kernel has something to read. */
async function arrival(bench: TlsBench): Promise<void> {
  const hasArrived = async () => (await bench.wait(EPOLLIN) & EPOLLIN) !== 0;
  await waitFor(hasArrived, { what: "input" });
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

helloTest(
  "a ClientHello that is longer than any real one is refused at its header",
  async (bench) => {
    assertEquals(await readHello(bench, helloOf(131_000, 34)), -EPROTO);
    assertEquals(bench.os.takeFailure()?.reason, "a ClientHello of 131000 bytes");
  },
);

helloTest("its header may come in records of a byte each", async (bench) => {
  assertEquals(await readHello(bench, helloOf(131_000, 34, 1)), -EPROTO);
});

helloTest("what OpenSSL holds of a handshake is counted", async (bench) => {
  const hello = helloOf(16_000, 15_900);
  const least = 100_000;
  {
    // What is loaded for the first one stays.
    await using first = await TlsBench.make();
    assertEquals(await readHello(first, hello, least), -EAGAIN);
  }
  const before = heapBytes();
  assertEquals(await readHello(bench, hello, least), -EAGAIN);
  const held = heapBytes() - before;
  assertLess(40_000, held);
  assertLess(held, bench.os.heldBytes);
  bench.close();
  assertEquals(bench.os.heldBytes, 0);
});

helloTest("a handshake of many small records has a bound", async (bench) => {
  // An ordinary length, but the records' headers are five times as long.
  assertEquals(await readHello(bench, helloOf(4_000, 3_900, 1)), -EPROTO);
  assertEquals(bench.os.takeFailure()?.reason, "a handshake of more than 16384 bytes");
});

helloTest("a ClientHello of some KiB is served", async (bench) => {
  using peer = new OpensslPeer();
  peer.enlargeHello(8_000);
  const first = bench.recv(new Uint8Array(16));
  await peer.shakeHands(bench.conn);
  peer.write(new Uint8Array(1));
  await deliver({ bench, peer });
  assertEquals(await first, 1);
  assertEquals(bench.os.heldBytes, 0);
});

hostileTest(
  "a renegotiation in parts ends the connection at its first part",
  async (peers) => {
    const { bench, peer } = peers;

    peer.renegotiate(30_000);
    const bytes = peer.ciphertext();
    // One record.
    await writeAll(bench.conn, bytes.subarray(0, 5 + ((bytes[3]! << 8) | bytes[4]!)));
    assertEquals(await bench.recv(new Uint8Array(16)), -EPROTO);
  },
  WRITE_STALL,
  (peer) => peer.useTls12(),
);

hostileTest(
  "a renegotiation is refused, and the connection goes on",
  async (peers) => {
    const { bench, peer } = peers;
    peer.renegotiate();
    await deliver(peers);
    await arrival(bench);
    assertEquals(bench.os.recv(bench.descriptor, new Uint8Array(16), 16), -EAGAIN);
    assertEquals(bench.os.send(bench.descriptor, new Uint8Array(1), 1, false), 1);
  },
  WRITE_STALL,
  (peer) => peer.useTls12(),
);

hostileTest("key updates that come one by one have a bound too", async (peers) => {
  const { bench, peer } = peers;
  const bytes = new Uint8Array(16);
  let last = -EAGAIN;
  for (let round = 0; last === -EAGAIN && round < 3_000; round++) {
    peer.updateKeys(1, false);
    await deliver(peers);
    await arrival(bench);
    last = bench.os.recv(bench.descriptor, bytes, bytes.length);
  }
  assertEquals(last, -EPROTO);
});

hostileTest("the beginning of a record counts as memory until its end", async (peers) => {
  const { bench, peer } = peers;
  peer.write(new Uint8Array(10_000));
  const record = peer.ciphertext();
  await writeAll(bench.conn, record.subarray(0, 5_000));
  await arrival(bench);
  const bytes = new Uint8Array(20_000);
  assertEquals(bench.os.recv(bench.descriptor, bytes, bytes.length), -EAGAIN);
  assertLess(16_000, bench.os.heldBytes);
  await writeAll(bench.conn, record.subarray(5_000));
  assertEquals(await bench.recv(bytes), 10_000);
  assertEquals(bench.os.heldBytes, 0);
});

/** The next send of a socket fails, which no peer can cause: the kernel has no memory for it. */
function failNextSend(errno: number): void {
  const { send } = LinuxOs.prototype;
  LinuxOs.prototype.send = () => {
    LinuxOs.prototype.send = send;
    return -errno;
  };
}

hostileTest("after an answer to a key update is lost, nothing follows it", async (peers) => {
  const { bench, peer } = peers;
  // OpenSSL answers when it reads on.
  for (let i = 0; i < 2; i++) {
    peer.updateKeys(1, true);
    peer.write(new Uint8Array(1));
  }
  await deliver(peers);
  await arrival(bench);
  failNextSend(ENOBUFS);
  const bytes = new Uint8Array(16);
  for (let i = 0; bench.os.recv(bench.descriptor, bytes, bytes.length) > 0; i++) assertLess(i, 3);
  assertEquals(bench.os.recv(bench.descriptor, bytes, bytes.length), -ENOBUFS);
  assertEquals(bench.os.send(bench.descriptor, bytes, 1, false), -ENOBUFS);
});

hostileTest("after a caller's bytes are lost, nothing follows them", ({ bench }) => {
  const bytes = new Uint8Array(16);
  failNextSend(ENOBUFS);
  assertEquals(bench.os.send(bench.descriptor, bytes, 16, false), -ENOBUFS);
  assertEquals(bench.os.send(bench.descriptor, bytes, 16, false), -ENOBUFS);
  return Promise.resolve();
});

hostileTest("a loss of what was left ends the connection, and a wait reports it", async (peers) => {
  const { bench } = peers;
  await leaveAnswers(peers);
  await bench.wait(0, false);
  let ended = 0;
  bench.os.endWait = () => ended++;
  const waiting = bench.wait(0);
  failNextSend(ENOBUFS);
  const bytes = new Uint8Array(16);
  assertEquals(bench.os.send(bench.descriptor, bytes, 16, false), -ENOBUFS);
  assertLess(0, ended);
  assertEquals(await waiting & EPOLLERR, EPOLLERR);
  assertEquals(bench.os.recv(bench.descriptor, bytes, bytes.length), -ENOBUFS);
});

hostileTest("a socket that is no longer stuck ends a wait that runs elsewhere", async (peers) => {
  const { bench } = peers;
  await leaveAnswers(peers);
  let ended = 0;
  bench.os.endWait = () => ended++;
  const waiting = bench.wait(EPOLLIN, false);
  // The kernel has room again, as far as the server can see.
  const { send } = LinuxOs.prototype;
  LinuxOs.prototype.send = (_descriptor, _bytes, length) => length;
  try {
    assertLess(0, bench.os.send(bench.descriptor, new Uint8Array(64 * 1024), 64 * 1024, false));
  } finally {
    LinuxOs.prototype.send = send;
  }
  assertLess(0, ended);
  await waiting;
});
