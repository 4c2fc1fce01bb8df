/**
 * TLS clients that OpenSSL on the epoll transport has to bear: handshakes that never end, more connections than
 * there is room for, and ends in the middle of an answer.
 */

import { assert, assertEquals } from "@std/assert";
import { tlsArguments } from "../support/certificates.ts";
import { ask, HttpConnection } from "../support/http_client.ts";
import { OpensslPeer, writeAll } from "../support/openssl_peer.ts";
import { authorityTest, endpointOf, opensslTest } from "../support/openssl_tests.ts";
import { countDescriptors, LATE_DESCRIPTORS } from "../support/process_facts.ts";
import { bytesOf } from "../support/protocol_cases.ts";
import { type Server, waitFor, withServer } from "../support/server.ts";

const REQUEST = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

opensslTest(
  "a flood of handshakes that never end leaves no descriptor open",
  async (server, authority) => {
    const before = countDescriptors(server.pid);
    const hello = Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3);
    const silent: HttpConnection[] = [];
    for (let i = 0; i < 200; i++) {
      const connection = await HttpConnection.open({
        hostname: server.hostname,
        port: server.port,
      });
      silent.push(connection);
      if (i % 2 === 0) await connection.send(hello);
    }
    const endpoint = endpointOf(server, authority);
    assertEquals((await ask(endpoint, REQUEST)).text, "ok");
    // Half of them leave, the others are closed at the end of the head time.
    for (const connection of silent.slice(0, 100)) connection.close();
    await waitFor(() => countDescriptors(server.pid) <= before + LATE_DESCRIPTORS, {
      what: "all of them closed",
    });
    for (const connection of silent.slice(100)) connection.close();
  },
  ["--head-timeout", "2"],
);

opensslTest(
  "above a limit, plain and TLS clients are answered 503 or closed, and nothing stays",
  async (server, authority) => {
    const endpoint = endpointOf(server, authority);
    const before = countDescriptors(server.pid);
    {
      using first = await HttpConnection.open(endpoint);
      await first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await first.answer();
      for (let i = 0; i < 40; i++) assertEquals((await ask(endpoint, REQUEST)).status, 503);
      using plain = await HttpConnection.open({ hostname: server.hostname, port: server.port });
      await plain.send(REQUEST);
      await plain.rest().catch(() => undefined); // an end or a reset
    }
    await waitFor(() => countDescriptors(server.pid) <= before + LATE_DESCRIPTORS, {
      what: "all of them closed",
    });
    await waitFor(async () => (await ask(endpoint, REQUEST)).status === 200, { what: "room" });
    await server.stop();
  },
  ["--max-connections", "1"],
);

opensslTest(
  "more refused connections than get an answer end no worker",
  async (server, authority) => {
    const held: Deno.Conn[] = [];
    try {
      const open = () => Deno.connect({ hostname: "127.0.0.1", port: server.port });
      // The first one has the only place; of the others 256 wait for their handshake in each worker.
      for (let i = 0; i < 1 + 4 * 256 + 64; i++) held.push(await open());
      held.shift()!.close();
      const endpoint = endpointOf(server, authority);
      // Until there is room, it is answered 503, or closed at once.
      const answered = () => ask(endpoint, REQUEST).catch(() => undefined);
      const isServed = async () => (await answered())?.status === 200;
      await waitFor(isServed, { what: "a place, and an answer" });
    } finally {
      for (const connection of held) connection.close();
    }
    const { code, stderr } = await server.stop();
    assertEquals([code, stderr.match(/died/)], [0, null], stderr);
  },
  ["--max-connections", "1"],
);

/** A client that begins a handshake and never ends it. */
async function beginHandshake(server: Server): Promise<Deno.Conn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await connection.write(Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3));
  return connection;
}

async function hasEnded(connection: Deno.Conn): Promise<boolean> {
  const count = await connection.read(new Uint8Array(1024)).catch(() => null);
  return count === null;
}

opensslTest(
  "handshakes in progress count for --max-memory: the oldest are ended",
  async (server, authority) => {
    const held: Deno.Conn[] = [];
    try {
      // There is room for 56 of them.
      for (let i = 0; i < 600; i++) held.push(await beginHandshake(server));
      let ended = 0;
      for (const each of held) void hasEnded(each).then((is) => ended += Number(is));
      await waitFor(() => ended >= 400, { what: "an end of most" });
      const endpoint = endpointOf(server, authority);
      // While the last of the others are ended, a new one may be among them.
      const isServed = () => ask(endpoint, REQUEST).then(({ text }) => text === "ok", () => false);
      await waitFor(isServed, { what: "an answer" });
      assert(ended < 600, "those that fit stay");
    } finally {
      for (const connection of held) connection.close();
    }
    await server.stop(); // which has warned
  },
  ["--max-memory", "4m", "--head-timeout", "1h"],
);

opensslTest(
  "a refused client that does not shake hands loses its place soon",
  async (server) => {
    const before = countDescriptors(server.pid);
    const held: Deno.Conn[] = [];
    try {
      for (let i = 0; i < 41; i++) held.push(await beginHandshake(server));
      const ends = held.map(hasEnded);
      // The first one is not refused, and is within its time.
      await waitFor(() => countDescriptors(server.pid) <= before + 1 + LATE_DESCRIPTORS, {
        what: "their ends",
      });
      await Promise.race(ends);
    } finally {
      for (const connection of held) connection.close();
    }
    await server.stop(); // which has warned
  },
  ["--max-connections", "1", "--write-timeout", "1h", "--head-timeout", "1h"],
);

/** Sends a request by a client that reads only after `meanwhile`; whether the end said that nothing is missing. */
async function endIsTold(
  server: Server,
  request: string,
  meanwhile: () => Promise<unknown>,
): Promise<boolean> {
  using peer = new OpensslPeer();
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await peer.shakeHands(connection);
  peer.write(bytesOf(request));
  await writeAll(connection, peer.ciphertext());
  await meanwhile();
  const buffer = new Uint8Array(64 * 1024);
  for (let count: number | null = 0; count !== null;) {
    count = await connection.read(buffer);
    peer.take(buffer.slice(0, count ?? 0));
    while (peer.plaintext().length > 0);
  }
  return peer.hasEnd;
}

authorityTest(
  "a whole answer ends with close_notify, one that is cut off does not",
  async (authority) => {
    const { folder } = authority;
    const own = tlsArguments(await authority.sign("one"));
    await Deno.writeFile(`${folder}/large`, new Uint8Array(30_000_000));
    const args = [...own, "--tls", "openssl", "--root", folder];
    await withServer({ workers: 1, args }, async (server) => {
      assertEquals(await endIsTold(server, REQUEST, () => Promise.resolve()), true);
      const large = "GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
      // The buffers between server and client hold a part of it.
      const cutOff = async () => {
        await server.waitForLog("route=/large");
        await Deno.truncate(`${folder}/large`);
      };
      assertEquals(await endIsTold(server, large, cutOff), false);
    });
  },
);
