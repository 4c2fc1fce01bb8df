import { assertEquals, assertThrows } from "@std/assert";
import { buildProgram, INSTALL_C } from "./c_programs.ts";
import { clientArgs, clientOf, parseReport, startClient } from "./load_client.ts";
import { makeChannelRows, makeRows, type Row, type WebSocketRow } from "./rows.ts";
import { findProgram } from "./tools.ts";

const WRK_OUTPUT = `Running 1s test @ http://127.0.0.1:18181/healthz
  2 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.02ms    1.21ms  13.30ms   87.61%
Requests/sec:  84614.80
report {"requests":84917,"seconds":1.003572,"rate":84614.8,"bytes":9935289,"errors":0,"p50":702,"p99":3911,"p999":8000}
`;

function rowOf(id: string): Row {
  const rows = [...makeRows(2), ...makeChannelRows(2)];
  const row = rows.find((candidate) => candidate.id === id);
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
    p999: 8000,
    late: null,
    wire: null,
    resumed: null,
  });
});

Deno.test("parseReport accepts an unknown latency", () => {
  const report = parseReport(
    'report {"requests":1,"rate":2,"errors":0,"p50":null,"p99":null,"p999":null}\n',
  );
  assertEquals([report.p50, report.p99, report.p999], [null, null, null]);
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
  const args = clientArgs(rowOf("keep-alive-512"), 8000, { seconds: 0.3 });
  assertEquals(args.slice(0, 3), ["-t2", "-c512", "-d1"]);
  assertEquals(args.slice(-3), [
    "http://127.0.0.1:8000/healthz",
    "--",
    "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n",
  ]);
});

Deno.test("clientArgs gives wrk one thread if the client has one core", () => {
  const row = { ...rowOf("keep-alive-64"), placement: "apart" } as const;
  assertEquals(clientArgs(row, 8000, { seconds: 1 })[0], "-t1");
});

Deno.test("every row has a client: wrk, wsload, or exchange for what these cannot do", () => {
  const exchange = makeRows(2).filter((row) => clientOf(row) === "exchange").map(({ id }) => id);
  assertEquals(exchange, [
    "pipelined",
    "file-100m",
    "tls-file-100m",
    "tls-handshake",
    "tls-resumed",
    "rate-keep-alive-64",
    "rate-ws-16",
    "rate-tls-keep-alive",
  ]);
  const wsload = makeRows(2).filter((row) => clientOf(row) === "wsload");
  assertEquals(wsload.every(({ work, load }) => work === "websocket" && load === "warm"), true);
});

Deno.test("clientArgs gives exchange the flags of each kind of row", () => {
  const rows = [
    ["pipelined", undefined, ["-b", "16"]],
    ["tls-handshake", undefined, ["-t", "-n"]],
    ["tls-resumed", undefined, ["-t", "-n", "-s"]],
    ["rate-ws-16", 500, ["-r", "500", "-w", "16"]],
    ["rate-tls-keep-alive", 500, ["-r", "500", "-t"]],
  ] as const;
  for (const [id, rate, flags] of rows) {
    const args = clientArgs(rowOf(id), 8000, { seconds: 1.5, rate });
    assertEquals(args.slice(0, 2), ["-p", "8000"]);
    assertEquals(args.slice(6, -1), [...flags], id);
  }
});

Deno.test("clientArgs gives wsload port, path, connections, seconds, bytes and depth", () => {
  assertEquals(clientArgs(rowOf("ws-depth-16"), 8000, { seconds: 1.5 }), [
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
  const client = await buildProgram("wsload");
  if (typeof client !== "string") throw new Error(`missing ${client.missing}`);
  const args = [port, "/", 4, 0.2, row.payload, row.depth].map(String);
  return await startClient(client, args).report;
}

// Sizes on both sides of each length encoding (RFC 6455 section 5.2).
for (const payload of [0, 1, 125, 126, 65_535, 65_536, 1_000_000]) {
  Deno.test({
    ...WSLOAD_TEST,
    name: `wsload counts echoes of ${payload} B and no errors (${INSTALL_C})`,
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
  name: `wsload counts an echo with wrong bytes as an error (${INSTALL_C})`,
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

const WIRE = {
  subscriber: { path: "/subscribe?{c}", hello: "hello {c}", ack: "ready" },
  publisher: { by: "websocket", path: "/publish", message: "{c}:{d}" },
  post: { path: "/publish", fields: [], body: "{d}" },
} as const;

Deno.test("clientArgs gives fanload the subscribers, the flow and the peer's wire", () => {
  const args = clientArgs(rowOf("fan-out-1k-5000-16"), 8000, { seconds: 2, wire: WIRE });
  assertEquals(args.slice(0, 12), "-p 8000 -n 5000 -c 1 -b 1024 -d 2 -f 16".split(" "));
  const wire = ["-s", "/subscribe?{c}", "-h", "hello {c}", "-a", "ready"];
  assertEquals(args.slice(12), [...wire, "-S", "/publish", "-m", "{c}:{d}"]);
  const paced = clientArgs(rowOf("fan-out-64-1000-20s"), 8000, { seconds: 2, wire: WIRE });
  assertEquals(paced.slice(10, 12), ["-r", "20"]);
  const apart = { seconds: 2, wire: WIRE, publishPort: 8001 };
  assertEquals(clientArgs(rowOf("fan-out-64-1000-20s"), 8000, apart).slice(12, 14), ["-P", "8001"]);
  const deflating = clientArgs(rowOf("fan-out-deflate-1k-1000-16"), 8000, {
    seconds: 2,
    wire: WIRE,
  });
  assertEquals(deflating.slice(12, 14), ["-t", "records"]);
  assertEquals(deflating.slice(20, 22), ["-e", "permessage-deflate; client_max_window_bits"]);
  const delta = rowOf("fan-out-delta-8k-1000-one");
  assertThrows(() => clientArgs(delta, 8000, { seconds: 2, wire: WIRE }), TypeError, "no deltas");
  const plain = clientArgs(delta, 8000, { seconds: 2, wire: WIRE, delivery: "plain" });
  assertEquals([plain.includes("-D"), plain.includes("document")], [false, true]);
});

/**
 * A server of channels, which forgets every `forgets`th message of a subscriber; 0: none. With `paths` it refuses all others; with
 * `channels`, these are another one's, too.
 */
function channelServer(
  forgets: number,
  { paths = ["/subscribe", "/publish"], channels = new Map<string, WebSocket[]>() } = {},
): Deno.HttpServer<Deno.NetAddr> {
  let sent = 0;
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname, search } = new URL(request.url);
    if (!paths.includes(pathname)) return new Response("not here", { status: 404 });
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onopen = () => {
      if (pathname !== "/subscribe") return;
      const channel = search.slice(1);
      channels.set(channel, [...channels.get(channel) ?? [], socket]);
      socket.send("ready");
    };
    socket.onmessage = ({ data }) => {
      const [channel = "", ...parts] = String(data).split(":");
      for (const subscriber of channels.get(channel) ?? []) {
        if (forgets === 0 || ++sent % forgets !== 0) subscriber.send(parts.join(":"));
      }
    };
    return response;
  });
}

/** @param publisher the server that publications go to; default: that of the subscribers */
async function fanOut(server: Deno.HttpServer<Deno.NetAddr>, publisher = server) {
  const program = await buildProgram("fanload");
  if (typeof program !== "string") throw new Error(program.missing);
  const row = { ...rowOf("channels-1000"), connections: 20, channels: 4 } as Row;
  const load = { seconds: 0.3, wire: WIRE, publishPort: publisher.addr.port };
  const args = clientArgs(row, server.addr.port, load);
  const client = startClient(program, args, { waits: true });
  assertEquals(await client.ready, true);
  client.begin();
  const report = await client.report;
  await client.end();
  await server.shutdown();
  if (publisher !== server) await publisher.shutdown();
  return report;
}

Deno.test({
  name: "fanload counts each publication that reaches a subscriber",
  ignore: findProgram("gcc") === undefined,
  async fn() {
    const { requests, errors, p50, p99 } = await fanOut(channelServer(0));
    assertEquals(errors, 0);
    // Each channel has 5 subscribers.
    assertEquals([requests > 0, requests % 5], [true, 0]);
    assertEquals(p50! > 0 && p99! >= p50!, true);
  },
});

Deno.test({
  name: "fanload publishes at another server than that of the subscribers",
  ignore: findProgram("gcc") === undefined,
  async fn() {
    const channels = new Map<string, WebSocket[]>();
    const [subscribers, publisher] = ["/subscribe", "/publish"].map((path) =>
      channelServer(0, { paths: [path], channels })
    );
    const { requests, errors } = await fanOut(subscribers!, publisher);
    assertEquals([requests > 0, errors], [true, 0]);
  },
});

Deno.test({
  name: "fanload tells of a publication that a subscriber missed",
  ignore: findProgram("gcc") === undefined,
  async fn() {
    assertEquals((await fanOut(channelServer(33))).errors > 0, true);
  },
});
