import { assertEquals, assertThrows } from "@std/assert";
import { clientArgs, findClient, parseReport, startClient } from "./load_client.ts";
import { makeRows, type Row, type WebSocketRow } from "./rows.ts";
import { findProgram } from "./tools.ts";

const WRK_OUTPUT = `Running 1s test @ http://127.0.0.1:18181/healthz
  2 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.02ms    1.21ms  13.30ms   87.61%
Requests/sec:  84614.80
report {"requests":84917,"seconds":1.003572,"rate":84614.8,"bytes":9935289,"errors":0,"p50":702,"p99":3911}
`;

function rowOf(id: string): Row {
  const row = makeRows(2).find((candidate) => candidate.id === id);
  if (row === undefined) throw new Error(`no row ${id}`);
  return row;
}

Deno.test("parseReport finds the report among wrk's other lines", () => {
  assertEquals(parseReport(WRK_OUTPUT), {
    requests: 84917,
    rate: 84614.8,
    errors: 0,
    bytes: 9935289,
    p50: 702,
    p99: 3911,
  });
});

Deno.test("parseReport accepts an unknown latency", () => {
  const report = parseReport('report {"requests":1,"rate":2,"errors":0,"p50":null,"p99":null}\n');
  assertEquals([report.p50, report.p99], [null, null]);
});

Deno.test("parseReport refuses invalid output", () => {
  assertThrows(
    () => parseReport("unable to connect to 127.0.0.1:1\n"),
    RangeError,
    "unable to connect",
  );
  assertThrows(() => parseReport('report {"requests":"1"}'), RangeError, '"requests"');
  assertThrows(
    () => parseReport('report {"requests":1,"rate":2,"errors":0,"p50":3}'),
    RangeError,
    '"p99"',
  );
});

Deno.test("clientArgs gives wrk a whole number of seconds", () => {
  const args = clientArgs(rowOf("keep-alive-512"), 8000, 0.3);
  assertEquals(args.slice(0, 3), ["-t2", "-c512", "-d1"]);
  assertEquals(args.slice(-3), ["http://127.0.0.1:8000/healthz", "--", "get"]);
});

Deno.test("clientArgs gives wsload port, path, connections, seconds, bytes and depth", () => {
  assertEquals(clientArgs(rowOf("ws-depth-16"), 8000, 1.5), [
    "8000",
    "/echo",
    "64",
    "1.5",
    "16",
    "16",
  ]);
});

/** Runs `use` with a WebSocket server in this process. */
async function withServer(
  onMessage: (socket: WebSocket, data: ArrayBuffer) => void,
  use: (port: number) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event) => onMessage(socket, event.data as ArrayBuffer);
    return response;
  });
  try {
    await use(server.addr.port);
  } finally {
    await server.shutdown();
  }
}

const WSLOAD_TEST = { ignore: findProgram("gcc") === undefined };

async function wsload(port: number, row: Pick<WebSocketRow, "payload" | "depth">) {
  const client = await findClient("websocket");
  if (typeof client !== "string") throw new Error(`missing ${client.missing}`);
  const args = [port, "/", 4, 0.2, row.payload, row.depth].map(String);
  return await startClient(client, args).report;
}

// Sizes on both sides of each length encoding (RFC 6455 section 5.2).
for (const payload of [0, 1, 125, 126, 65_535, 65_536, 1_000_000]) {
  Deno.test({
    ...WSLOAD_TEST,
    name: `wsload counts echoes of ${payload} B and no errors (apt-get install gcc libc6-dev)`,
    async fn() {
      await withServer((socket, data) => socket.send(data), async (port) => {
        for (const depth of [1, 5]) {
          const { requests, errors } = await wsload(port, { payload, depth });
          assertEquals(errors, 0);
          assertEquals(requests >= 4 * depth, true, `${requests} messages`);
        }
      });
    },
  });
}

Deno.test({
  ...WSLOAD_TEST,
  name: "wsload counts an echo with wrong bytes as an error (apt-get install gcc libc6-dev)",
  async fn() {
    const spoil = (socket: WebSocket, data: ArrayBuffer) => {
      const bytes = new Uint8Array(data);
      bytes[999] = 0;
      socket.send(bytes);
    };
    await withServer(spoil, async (port) => {
      assertEquals(await wsload(port, { payload: 1000, depth: 1 }).then(({ errors }) => errors), 4);
    });
  },
});
