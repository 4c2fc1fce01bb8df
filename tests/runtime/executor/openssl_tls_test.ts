/**
 * What the main thread does for workers that speak TLS by OpenSSL: new ticket keys, and the end of a worker that
 * died with open connections.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Config, DEFAULT_CONFIG } from "../../../runtime/config/mod.ts";
import { TlsError } from "../../../runtime/executor/mod.ts";
import { OpensslTls } from "../../../runtime/executor/openssl_tls.ts";
import { LinuxOs, loopbackPair } from "../../../runtime/os/mod.ts";
import { PointerTable, TicketKeys } from "../../../runtime/ring/mod.ts";
import { TlsOs } from "../../../runtime/tls/mod.ts";
import { heapBytes } from "../../support/c_heap.ts";
import { Authority } from "../../support/certificates.ts";
import { withHandlers } from "../../support/handlers_server.ts";
import { HttpConnection } from "../../support/http_client.ts";
import "../../support/load_libc.ts";
import { NO_LIBSSL } from "../../support/tls_ways.ts";
import { waitFor } from "../../support/wait_for.ts";

/** Worker 1 of 2 dies in these tests. */
const WORKER = 1;
const CONNECTIONS = 40;
/** Bytes of C's heap that a connection has at least after its handshake. */
const CONNECTION_BYTES = 8_000;

function opensslTest(name: string, run: (config: Config, authority: Authority) => Promise<void>) {
  Deno.test({
    name: `TLS of the executor: ${name}${NO_LIBSSL}`,
    ignore: NO_LIBSSL !== "",
    // The thread that dies leaves its callbacks to its isolate, which lives on here.
    sanitizeResources: false,
    fn: async () => {
      await using authority = await Authority.make();
      const { cert, key } = await authority.sign("one");
      const tls = { ...DEFAULT_CONFIG.tls, cert, key, library: "openssl" } as const;
      await run({ ...DEFAULT_CONFIG, workers: 2, tls }, authority);
    },
  });
}

/** A worker of these certificates, whose addresses are those of worker 1. */
function workerOf(tls: OpensslTls): { os: TlsOs; pointers: PointerTable } {
  const { set, tickets, pointers: memory } = tls.start;
  const pointers = new PointerTable(memory);
  const keeper = {
    setConnection: (descriptor: number, address: number) =>
      pointers.setConnection(descriptor, address),
    setOwn: (addresses: readonly number[]) => pointers.setOwn(WORKER, addresses),
  };
  const os = new TlsOs({ set, tickets: new TicketKeys(tickets), keeper, writeStall: 60_000 });
  return { os, pointers };
}

opensslTest("a wrong key leaves the old certificates and the old ticket key", async (config) => {
  using tls = (await OpensslTls.open(config))!; // it has a certificate
  const keys = new TicketKeys(tls.start.tickets);
  assertEquals(keys.size, 1);
  tls.reload();
  assertEquals(keys.size, 2);
  const { set } = tls.start;
  await Deno.writeTextFile(config.tls.key!, "no key");
  assertThrows(() => tls.reload(), TlsError, "--tls-key");
  assertEquals(tls.start.set, set);
  assertEquals(keys.size, 2);
});

opensslTest("what a worker that died left in OpenSSL is freed", async (config, authority) => {
  using tls = (await OpensslTls.open(config))!; // it has a certificate
  const { os, pointers } = workerOf(tls);
  using clients = new DisposableStack();
  const descriptors: number[] = [];
  const before = heapBytes();
  while (descriptors.length < CONNECTIONS) {
    const { descriptor, conn } = await loopbackPair(new AbortController().signal);
    descriptors.push(descriptor);
    os.adopt(descriptor);
    clients.use(await shakeHands(os, { descriptor, conn }, authority.pem));
  }
  const least = CONNECTIONS * CONNECTION_BYTES;
  assert(heapBytes() - before > least, "the connections have memory");
  // The thread is gone; its kernel objects are closed by their numbers.
  const alive = heapBytes();
  for (const descriptor of descriptors) tls.freeConnection(descriptor);
  tls.freeWorker(WORKER);
  assert(alive - heapBytes() > least, `${alive - heapBytes()} bytes are free`);
  assertEquals(descriptors.map((each) => pointers.takeConnection(each)), descriptors.map(() => 0));
  assertEquals(pointers.takeOwn(WORKER), []);
  const kernel = new LinuxOs();
  for (const descriptor of descriptors) kernel.close(descriptor);
});

async function shakeHands(
  os: TlsOs,
  { descriptor, conn }: { descriptor: number; conn: Deno.Conn },
  ca: string,
): Promise<Deno.TlsConn> {
  const client = await Deno.startTls(conn as Deno.TcpConn, {
    caCerts: [ca],
    hostname: "localhost",
  });
  const written = client.write(new Uint8Array(1));
  const bytes = new Uint8Array(16);
  const hasRead = () => os.recv(descriptor, bytes, bytes.length) > 0;
  await waitFor(hasRead, { what: "the first byte" });
  await written;
  return client;
}

opensslTest(
  "a worker that dies is replaced, and its connections are closed",
  async ({ tls }, authority) => {
    await withHandlers(
      new URL("../../support/handlers_thread.ts", import.meta.url),
      { tls },
      async (server) => {
        const endpoint = { ...server, ca: authority.pem };
        for (let round = 0; round < 2; round++) {
          using idle = await HttpConnection.open(endpoint);
          await idle.send("GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
          assertEquals((await idle.answer()).text, "now");
          using doomed = await HttpConnection.open(endpoint);
          await doomed.send("GET /dies HTTP/1.1\r\nHost: a\r\n\r\n");
          const ends = [doomed, idle].map((each) => each.rest().catch(() => new Uint8Array(0)));
          for (const end of ends) assertEquals((await end).length, 0);
        }
        using after = await HttpConnection.open(endpoint);
        await after.send("GET /client HTTP/1.1\r\nHost: a\r\n\r\n");
        assertEquals((await after.answer()).text, " true");
      },
    );
  },
);

opensslTest("handlers know the subject of the client's certificate", async ({ tls }, authority) => {
  const { cert, key } = await authority.sign("alice");
  const files = { cert: await Deno.readTextFile(cert), key: await Deno.readTextFile(key) };
  const clientCa = authority.file;
  await withHandlers(
    new URL("../../support/handlers_thread.ts", import.meta.url),
    { tls: { ...tls, clientCa, clientAuth: "request" } },
    async (server) => {
      for (const [own, subject] of [[files, "CN=alice"], [{}, ""]] as const) {
        const client = Deno.createHttpClient({ caCerts: [authority.pem], ...own });
        const answer = await fetch(`https://127.0.0.1:${server.port}/subject`, { client });
        assertEquals(await answer.text(), subject);
        client.close();
      }
    },
  );
});
