import { assert, assertEquals } from "@std/assert";
import { EAGAIN, EPOLLIN, EPOLLOUT, EPROTO, LinuxOs } from "../../../runtime/os/mod.ts";
import { opensslProblem } from "../../../runtime/tls/mod.ts";
import { NO_OPENSSL } from "../../support/certificates.ts";
import "../../support/load_libc.ts";
import { OpensslPeer, writeAll } from "../../support/openssl_peer.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { waitFor } from "../../support/wait_for.ts";
import { readPem, setOf, TlsBench } from "./tls_bench.ts";

const MISSING = opensslProblem() === undefined
  ? NO_OPENSSL
  : " (skipped, to install it: apt-get install libssl3)";

function benchTest(name: string, run: (bench: TlsBench) => Promise<void>): void {
  Deno.test({
    name: `TLS sockets: ${name}${MISSING}`,
    ignore: MISSING !== "",
    fn: async () => {
      await using bench = await TlsBench.make();
      await run(bench);
    },
  });
}

/** Bytes of which no two parts are equal. */
function pattern(length: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i + 1, 2_654_435_761);
  return new Uint8Array(words.buffer).subarray(0, length);
}

async function readAll(conn: Deno.Conn, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await conn.read(bytes.subarray(at));
    if (count === null) return bytes.subarray(0, at);
    at += count;
  }
  return bytes;
}

benchTest("handshake, both directions, ALPN and the end", async (bench) => {
  const buffer = new Uint8Array(64);
  const first = bench.recv(buffer);
  using client = await bench.client();
  const shaken = client.handshake();
  await client.write(new TextEncoder().encode("hello"));
  assertEquals(new TextDecoder().decode(buffer.subarray(0, await first)), "hello");
  assertEquals((await shaken).alpnProtocol, "http/1.1");
  assertEquals(bench.os.send(bench.descriptor, new TextEncoder().encode("hi!"), 2, false), 2);
  assertEquals(new TextDecoder().decode(await readAll(client, 2)), "hi");
  assertEquals(bench.kept.connections.size, 1);
  bench.os.shutdownWrite(bench.descriptor);
  // Deno reports an end without close_notify as an error.
  assertEquals(await client.read(buffer), null);
  bench.close();
  assertEquals(bench.kept.connections.size, 0);
});

benchTest("what the kernel does not take is sent once, and in order", async (bench) => {
  const bytes = pattern(9_000_000);
  const first = bench.recv(new Uint8Array(8));
  using client = await bench.client();
  await client.write(new Uint8Array(1));
  await first;
  const { os, descriptor } = bench;
  // The peer reads nothing until the socket is full.
  let sent = 0;
  for (let count = 0; count !== -EAGAIN; sent += Math.max(count, 0)) {
    count = os.send(descriptor, bytes.subarray(sent), bytes.length - sent, true);
    assert(count > 0 || count === -EAGAIN, `${count}`);
  }
  assert(sent < bytes.length, "the socket took everything");
  assertEquals(await bench.wait(EPOLLIN | EPOLLOUT, false) & EPOLLOUT, 0);
  const read = readAll(client, bytes.length);
  const rest = bytes.length - sent;
  // Steps of several lengths, also shorter than what is encrypted already.
  const steps = [1, 10_000, 100, 3_000_000, 70_000];
  let step = 0;
  await bench.send(rest, (from) => {
    const length = Math.min(rest - from, steps[step++ % steps.length]!);
    return os.send(descriptor, bytes.subarray(sent + from), length, false);
  });
  assert(sameBytes(await read, bytes));
});

benchTest("a file is encrypted, with the same rule for short sends", async (bench) => {
  const bytes = pattern(5_000_000);
  const path = `${bench.authority.folder}/file`;
  await Deno.writeFile(path, bytes);
  const first = bench.recv(new Uint8Array(8));
  using client = await bench.client();
  await client.write(new Uint8Array(1));
  await first;
  const file = openDescriptor(path);
  const read = readAll(client, bytes.length);
  await bench.send(
    bytes.length,
    (from) => bench.os.sendFile(bench.descriptor, file, from, bytes.length - from),
  );
  assert(sameBytes(await read, bytes));
  assertEquals(bench.os.sendFile(bench.descriptor, file, bytes.length, 10), 0, "the file's end");
  bench.os.close(file);
});

benchTest("bytes that OpenSSL holds are reported as long as they are wanted", async (bench) => {
  const small = new Uint8Array(10);
  const first = bench.recv(small);
  using client = await bench.client();
  await client.write(pattern(12_000));
  let received = await first;
  assertEquals(received, 10);
  assertEquals(await bench.wait(EPOLLIN, false) & EPOLLIN, EPOLLIN);
  assertEquals(await bench.wait(0, false) & EPOLLIN, 0, "not wanted");
  assertEquals(await bench.wait(EPOLLIN, false) & EPOLLIN, EPOLLIN, "wanted again");
  const rest = new Uint8Array(20_000);
  while (received < 12_000) received += await bench.recv(rest);
  assertEquals(received, 12_000);
  assertEquals(bench.os.recv(bench.descriptor, rest, rest.length), -EAGAIN);
  assertEquals(await bench.wait(EPOLLIN, false) & EPOLLIN, 0, "nothing is left");
});

benchTest("a socket whose handshake is not done is not writable", async (bench) => {
  assertEquals(bench.os.send(bench.descriptor, new Uint8Array(5), 5, false), -EAGAIN);
  assertEquals(await bench.wait(EPOLLIN | EPOLLOUT, false), 0);
  const first = bench.recv(new Uint8Array(8));
  using client = await bench.client();
  await client.write(new Uint8Array(1));
  await first;
  assertEquals(await bench.wait(EPOLLOUT), EPOLLOUT);
});

/** What the sends of a handshake are that ends together with `request`: whether more bytes follow. */
async function sendsOfHandshake({ bench, peer, request }: HandshakeTest): Promise<boolean[]> {
  const sends: boolean[] = [];
  const { send } = LinuxOs.prototype;
  LinuxOs.prototype.send = function (descriptor, bytes, length, more) {
    sends.push(more);
    return send.call(this, descriptor, bytes, length, more);
  };
  try {
    const buffer = new Uint8Array(64);
    const received = bench.recv(buffer);
    // The last flight of the client and its request are in one segment.
    for (let isDone = peer.step(); !isDone; isDone = peer.step()) {
      await writeAll(bench.conn, peer.ciphertext());
      const count = await bench.conn.read(buffer);
      peer.take(buffer.slice(0, count ?? 0));
    }
    const last = peer.ciphertext();
    if (request.length > 0) peer.write(request);
    const both = new Uint8Array([...last, ...peer.ciphertext()]);
    await writeAll(bench.conn, both);
    if (request.length === 0) {
      await waitFor(() => Promise.resolve(sends.length > 1), { what: "the tickets" });
      peer.write(Uint8Array.of(1));
      await writeAll(bench.conn, peer.ciphertext());
    }
    assertEquals(await received, Math.max(request.length, 1));
  } finally {
    LinuxOs.prototype.send = send;
  }
  return sends;
}

interface HandshakeTest {
  readonly bench: TlsBench;
  readonly peer: OpensslPeer;
  readonly request: Uint8Array<ArrayBuffer>;
}

benchTest("session tickets leave with the answer to a request that has come", async (bench) => {
  using peer = new OpensslPeer();
  const request = pattern(10);
  assertEquals(await sendsOfHandshake({ bench, peer, request }), [false, true]);
  assertEquals(bench.os.send(bench.descriptor, pattern(5), 5, false), 5);
  // Ticket and answer.
  const buffer = new Uint8Array(4096);
  const count = await bench.conn.read(buffer);
  peer.take(buffer.slice(0, count ?? 0));
  assertEquals(peer.plaintext(), pattern(5));
});

benchTest("session tickets leave at once if no request has come", async (bench) => {
  using peer = new OpensslPeer();
  const sends = await sendsOfHandshake({ bench, peer, request: new Uint8Array(0) });
  assertEquals(sends, [false, false]);
});

benchTest("TLS 1.2: the end of the handshake does not wait for an answer", async (bench) => {
  using peer = new OpensslPeer();
  peer.useTls12();
  const sends = await sendsOfHandshake({ bench, peer, request: new Uint8Array(0) });
  assertEquals(sends, [false, false]);
});

benchTest("a handshake changes nothing in epoll if only input is wanted", async (bench) => {
  using peer = new OpensslPeer();
  const operations: number[] = [];
  const { epollControl } = LinuxOs.prototype;
  LinuxOs.prototype.epollControl = function (epoll, operation, ...rest) {
    operations.push(operation);
    return epollControl.call(this, epoll, operation, ...rest);
  };
  try {
    const first = bench.recv(new Uint8Array(16));
    await peer.shakeHands(bench.conn);
    peer.write(new Uint8Array(1));
    await writeAll(bench.conn, peer.ciphertext());
    assertEquals(await first, 1);
  } finally {
    LinuxOs.prototype.epollControl = epollControl;
  }
  assertEquals(operations, []);
});

benchTest("after plain text the socket is a plain one", async (bench) => {
  await bench.conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\n"));
  const buffer = new Uint8Array(64);
  assertEquals(await bench.recv(buffer), -EPROTO);
  assertEquals(bench.os.takeFailure()?.firstByte, 0x47);
  await bench.conn.write(new TextEncoder().encode("Host: a\r\n"));
  assertEquals(await bench.recv(buffer), 9);
  assertEquals(bench.os.send(bench.descriptor, new TextEncoder().encode("no"), 2, false), 2);
  assertEquals(new TextDecoder().decode(await readAll(bench.conn, 2)), "no");
});

benchTest("a broken handshake has OpenSSL's reason, and the peer gets an alert", async (bench) => {
  // A TLS record whose handshake message has an unknown type.
  await bench.conn.write(Uint8Array.of(0x16, 3, 1, 0, 5, 0x63, 0, 0, 1, 0));
  assertEquals(await bench.recv(new Uint8Array(64)), -EPROTO);
  assertEquals(bench.os.takeFailure(), { firstByte: -1, reason: "unexpected message" });
  assertEquals(bench.os.takeFailure(), null);
  assertEquals((await readAll(bench.conn, 1))[0], 0x15);
});

benchTest(
  "a failure that nobody asks for is not taken for that of the next read",
  async (bench) => {
    await bench.conn.write(Uint8Array.of(0x16, 3, 1, 0, 5, 0x63, 0, 0, 1, 0));
    assertEquals(await bench.recv(new Uint8Array(64)), -EPROTO);
    assertEquals(await bench.recv(new Uint8Array(64)), -EPROTO, "an error is final");
    assertEquals(bench.os.takeFailure(), null);
  },
);

benchTest("a peer that leaves during the handshake is no failure of TLS", async (bench) => {
  await bench.conn.write(Uint8Array.of(0x16, 3, 1, 2, 0, 1));
  bench.conn.close();
  assertEquals(await bench.recv(new Uint8Array(64)), 0);
  assertEquals(bench.os.takeFailure(), null);
});

benchTest("an end without close_notify is an end", async (bench) => {
  const first = bench.recv(new Uint8Array(8));
  const client = await bench.client();
  await client.write(new Uint8Array(1));
  await first;
  client.close();
  assertEquals(await bench.recv(new Uint8Array(8)), 0);
});

for (const [how, isWhole] of [["end", true], ["shutdownWrite", true], ["close", false]] as const) {
  benchTest(`${how} sends ${isWhole ? "close_notify" : "no close_notify"}`, async (bench) => {
    using peer = new OpensslPeer();
    const first = bench.recv(new Uint8Array(8));
    await peer.shakeHands(bench.conn);
    peer.write(new Uint8Array(1));
    await writeAll(bench.conn, peer.ciphertext());
    await first;
    assertEquals(bench.os.send(bench.descriptor, Uint8Array.of(42), 1, false), 1);
    bench.os[how](bench.descriptor);
    bench.isClosed = how !== "shutdownWrite";
    const buffer = new Uint8Array(1024);
    for (let count: number | null = 0; count !== null;) {
      peer.take(buffer.slice(0, count));
      count = await bench.conn.read(buffer);
    }
    assertEquals(peer.plaintext(), Uint8Array.of(42));
    peer.plaintext();
    assertEquals(peer.hasEnd, isWhole);
  });
}

benchTest("a wait that runs elsewhere ends when bytes are wanted again", async (bench) => {
  const small = new Uint8Array(10);
  const first = bench.recv(small);
  using client = await bench.client();
  await client.write(pattern(12_000));
  await first;
  assertEquals(await bench.wait(0, false), 0);
  let ended = 0;
  bench.os.endWait = () => ended++;
  const waiting = bench.wait(0);
  bench.want(EPOLLIN);
  assertEquals(ended, 1);
  assertEquals(await waiting & EPOLLIN, EPOLLIN);
  bench.want(0);
  bench.want(EPOLLIN);
  assertEquals(ended, 1, "no wait runs");
});

benchTest("a handshake counts as memory until it ends", async (bench) => {
  assertEquals(bench.os.heldBytes, 0);
  const hello = Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3);
  await bench.conn.write(hello);
  await bench.wait(EPOLLIN);
  assertEquals(bench.os.recv(bench.descriptor, new Uint8Array(8), 8), -EAGAIN);
  assert(bench.os.heldBytes > 30_000, `${bench.os.heldBytes}`);
  assertEquals(bench.os.heldBy(bench.descriptor), bench.os.heldBytes);
  bench.close();
  assertEquals(bench.os.heldBytes, 0);
});

benchTest("an open connection that reads counts as nothing", async (bench) => {
  const first = bench.recv(new Uint8Array(8));
  using client = await bench.client();
  await client.write(new Uint8Array(1));
  await first;
  assertEquals(bench.os.heldBytes, 0);
});

benchTest("a new certificate is for new connections", async (bench) => {
  const buffer = new Uint8Array(8);
  const first = bench.recv(buffer);
  using client = await bench.client();
  await client.write(new Uint8Array(1));
  await first;
  const before = bench.kept.own;
  const certificate = await readPem(await bench.authority.sign("two"));
  bench.os.renew(setOf(certificate));
  assert(bench.kept.own.some((address) => !before.includes(address)));
  await client.write(new Uint8Array(3));
  assertEquals(await bench.recv(buffer), 3);
});

function openDescriptor(path: string): number {
  const libc = Deno.dlopen("libc.so.6", {
    open: { parameters: ["buffer", "i32"], result: "i32" },
  });
  const descriptor = libc.symbols.open(new TextEncoder().encode(`${path}\0`), 0);
  libc.close();
  return descriptor;
}
