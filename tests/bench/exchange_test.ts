/**
 * The load generator exchange and the server epoll_loop, against each other and against servers that
 * misbehave.
 */

import { assertEquals, assertRejects } from "@std/assert";
import { buildProgram, type CProgram, INSTALL_C } from "./c_programs.ts";
import { CERT_FILE, KEY_FILE, writeCertificate } from "./certificate.ts";
import { type ClientReport, startClient } from "./load_client.ts";
import { freePort, ServerProcess } from "./server_process.ts";
import { findProgram, isMissing } from "./tools.ts";

const GET = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
const CLOSE = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
const UPGRADE =
  "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

const C_TEST = { ignore: findProgram("gcc") === undefined };
const TLS_TEST = { ignore: C_TEST.ignore || findProgram("openssl") === undefined };

async function build(name: CProgram): Promise<string> {
  const program = await buildProgram(name);
  if (typeof program !== "string") throw new Error(`missing ${program.missing}`);
  return program;
}

async function exchange(port: number, request: string, ...flags: string[]): Promise<ClientReport> {
  const args = ["-p", `${port}`, "-c", "4", "-d", "0.3", ...flags, request];
  return await startClient(await build("exchange"), args).report;
}

/** Runs `use` with the loop in C. */
async function withLoop(workers: number, use: (port: number) => Promise<void>): Promise<void> {
  const port = freePort();
  const command = await build("epoll_loop");
  const server = await ServerProcess.start({ command, args: [`${port}`, `${workers}`] }, port);
  try {
    await use(port);
  } finally {
    await server.stop();
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe;
}

/** Runs `use` with a TCP server in this process that answers each chunk of bytes. */
async function withAnswers(
  answer: (number: number) => Promise<string> | string,
  use: (port: number) => Promise<void>,
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let number = 0;
  const serve = async (conn: Deno.Conn) => {
    const buffer = new Uint8Array(4096);
    try {
      while (await conn.read(buffer) !== null) {
        await conn.write(new TextEncoder().encode(await answer(number++)));
      }
    } catch (error) {
      // The client closes a connection whose answer it did not read to the end.
      if (!isGone(error)) throw error;
    }
    conn.close();
  };
  const served: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const conn of listener) served.push(serve(conn));
  })();
  try {
    await use(listener.addr.port);
  } finally {
    listener.close();
    await accepting;
    await Promise.all(served);
  }
}

Deno.test({
  ...C_TEST,
  name: `exchange counts the answers of the loop in C (${INSTALL_C})`,
  async fn() {
    for (const workers of [1, 2]) {
      await withLoop(workers, async (port) => {
        for (const [request, ...flags] of [[GET], [GET, "-b", "16"], [CLOSE, "-n"]] as const) {
          const { requests, errors, late } = await exchange(port, request, ...flags);
          assertEquals([errors, late], [0, 0], flags.join(" "));
          assertEquals(requests >= 4, true, `${requests} answers with ${flags.join(" ")}`);
        }
      });
    }
  },
});

Deno.test({
  ...C_TEST,
  name: `exchange sends what its rate says, on kept and new connections (${INSTALL_C})`,
  async fn() {
    await withLoop(1, async (port) => {
      for (const [request, ...flags] of [[GET], [CLOSE, "-n"]] as const) {
        const { requests, errors } = await exchange(port, request, "-r", "200", ...flags);
        assertEquals([requests, errors], [60, 0], flags.join(" "));
      }
    });
  },
});

Deno.test({
  ...C_TEST,
  name: `exchange counts a stall in the latency of each request that was due (${INSTALL_C})`,
  async fn() {
    // Request 0 only tells the length. The answer to request 1 comes when the load is over: all sixty
    // were due before it, on the one connection, but only one had been sent.
    const answer = async (number: number) => {
      if (number === 1) await new Promise((resolve) => setTimeout(resolve, 400));
      return ANSWER;
    };
    await withAnswers(answer, async (port) => {
      const args = ["-p", `${port}`, "-c", "1", "-d", "0.3", "-r", "200", GET];
      const report = await startClient(await build("exchange"), args).report;
      assertEquals([report.requests, report.errors], [60, 0]);
      // Each was due in the first 300 ms and answered after 400; the median was due in the middle.
      assertEquals(report.p50! >= 200_000, true, `p50 ${report.p50} µs`);
      assertEquals(report.p99! >= 350_000, true, `p99 ${report.p99} µs`);
    });
  },
});

Deno.test({
  ...C_TEST,
  name: `exchange counts answers that differ as errors (${INSTALL_C})`,
  async fn() {
    const answers = [
      "HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nok",
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnot",
    ];
    for (const wrong of answers) {
      await withAnswers((number) => number === 0 ? ANSWER : wrong, async (port) => {
        const { requests, errors } = await exchange(port, GET);
        assertEquals([requests, errors], [0, 4], wrong);
      });
    }
  },
});

Deno.test({
  ...C_TEST,
  name: `exchange refuses an answer without a length (${INSTALL_C})`,
  async fn() {
    await withAnswers(() => "HTTP/1.1 200 OK\r\n\r\nok", async (port) => {
      await assertRejects(() => exchange(port, GET), RangeError, "no Content-Length");
    });
  },
});

// Sizes on both sides of each length encoding (RFC 6455 section 5.2).
for (const payload of [0, 1, 125, 126, 65_535, 65_536]) {
  Deno.test({
    ...C_TEST,
    name: `exchange counts WebSocket echoes of ${payload} B (${INSTALL_C})`,
    async fn() {
      const server = Deno.serve(
        { hostname: "127.0.0.1", port: 0, onListen: () => {} },
        (request) => {
          const { socket, response } = Deno.upgradeWebSocket(request);
          socket.binaryType = "arraybuffer";
          socket.onmessage = (event) => socket.send(event.data);
          return response;
        },
      );
      try {
        const { port } = server.addr;
        const { requests, errors } = await exchange(port, UPGRADE, "-w", `${payload}`, "-r", "100");
        assertEquals([requests, errors], [30, 0]);
      } finally {
        await server.shutdown();
      }
    },
  });
}

Deno.test({
  ...TLS_TEST,
  name: `exchange keeps, makes and resumes TLS connections (openssl; ${INSTALL_C})`,
  async fn() {
    const missing = await writeCertificate();
    if (missing !== undefined && isMissing(missing)) throw new Error(missing.missing);
    const server = Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      onListen: () => {},
      cert: Deno.readTextFileSync(CERT_FILE),
      key: Deno.readTextFileSync(KEY_FILE),
    }, () => new Response("ok"));
    try {
      const { port } = server.addr;
      const kept = await exchange(port, GET, "-t", "-r", "100");
      assertEquals([kept.requests, kept.errors, kept.resumed], [30, 0, 0]);
      const full = await exchange(port, CLOSE, "-t", "-n", "-r", "100");
      assertEquals([full.requests, full.errors, full.resumed], [30, 0, 0]);
      const resumed = await exchange(port, CLOSE, "-t", "-n", "-s", "-r", "100");
      assertEquals([resumed.requests, resumed.errors, resumed.resumed], [30, 0, 26]);
    } finally {
      await server.shutdown();
    }
  },
});
