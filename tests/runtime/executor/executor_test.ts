import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Config, DEFAULT_CONFIG, Executor } from "../../../runtime/mod.ts";
import { Metrics } from "../../support/metrics.ts";
import { OVER_DENO_TRANSPORT } from "../../support/suite_transport.ts";
import { waitFor, within } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const HANDLERS = new URL("../../support/handlers_thread.ts", import.meta.url);

interface Running extends AsyncDisposable {
  readonly config: Config;
  readonly executor: Executor;
  readonly url: string;
  readonly warnings: string[];
}

async function start(
  { workerModule = HANDLERS, ...config }: Partial<Config> & { workerModule?: URL | null } = {},
): Promise<Running> {
  const warnings: string[] = [];
  const transport = OVER_DENO_TRANSPORT ? "deno" : "auto";
  const whole: Config = {
    ...DEFAULT_CONFIG,
    transport,
    workers: 2,
    hostname: "127.0.0.1",
    port: 0,
    log: "off",
    ...config,
  };
  const executor = await Executor.start(whole, {
    warn: (text: string) => void warnings.push(text),
    ...(workerModule === null ? {} : { workerModule }),
  });
  return {
    config: whole,
    executor,
    warnings,
    url: `http://127.0.0.1:${executor.address.port}`,
    async [Symbol.asyncDispose]() {
      executor.stop();
      await executor.ended;
    },
  };
}

async function get(url: string, init: RequestInit = {}): Promise<[number, string]> {
  const response = await fetch(url, init);
  return [response.status, await response.text()];
}

Deno.test("handlers may answer at once, after microtasks, after a timer, after a file was read", async () => {
  await using server = await start();
  assertEquals(await get(`${server.url}/now`), [200, "now"]);
  assertEquals(await get(`${server.url}/microtask`), [200, "microtask"]);
  assertEquals(await get(`${server.url}/timer?1`), [200, "/timer?1 undefined "]);
  assertEquals(await get(`${server.url}/file`), [200, "/**"]);
});

Deno.test("many waiting requests each keep their own head and body", async () => {
  await using server = await start({ workers: 1 });
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, i) => {
      const init = { method: "POST", body: `body ${i}`, headers: { "X-Name": `name ${i}` } };
      return get(`${server.url}/timer?${(i * 7) % 30}`, init);
    }),
  );
  answers.forEach(([status, text], i) => {
    assertEquals(status, 200);
    assertEquals(text, `/timer?${(i * 7) % 30} name ${i} body ${i}`);
  });
});

Deno.test("other connections are served while handlers wait", async () => {
  await using server = await start({ workers: 1 });
  const slow = get(`${server.url}/timer?300`);
  let quick = 0;
  let isSlow = true;
  slow.then(() => isSlow = false);
  while (isSlow && quick < 10_000) {
    assertEquals((await get(`${server.url}/now`))[1], "now");
    quick++;
  }
  await slow;
  assert(quick > 5, `${quick} answers while one handler waited 300 ms`);
});

Deno.test("pipelined requests after one that waits are answered in order", async () => {
  await using server = await start({ workers: 1 });
  const connection = await Deno.connect({ port: server.executor.address.port });
  const request = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
  const text = request("/timer?50") + request("/now") + request("/timer?1") + request("/microtask");
  await connection.write(new TextEncoder().encode(text));
  let received = "";
  const chunk = new Uint8Array(4096);
  while (!received.endsWith("microtask")) {
    const count = await connection.read(chunk);
    if (count === null) break;
    received += new TextDecoder().decode(chunk.subarray(0, count));
  }
  connection.close();
  const bodies = received.split(/HTTP\/1\.1 200 OK[^]*?\r\n\r\n/).slice(1);
  assertEquals(bodies, ["/timer?50 undefined ", "now", "/timer?1 undefined ", "microtask"]);
});

Deno.test("a handler that throws, rejects or does not answer causes a 500, and the server continues", async () => {
  await using server = await start();
  for (const path of ["/throws", "/rejects", "/silent"]) {
    assertEquals((await get(server.url + path))[0], 500, path);
  }
  assertEquals(await get(`${server.url}/now`), [200, "now"]);
});

Deno.test("messages wait for the handler's promise and are answered in order", async () => {
  await using server = await start({ workers: 1 });
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/socket`);
  const received: string[] = [];
  socket.onmessage = (event) => received.push(event.data);
  await new Promise((resolve) => socket.onopen = resolve);
  for (let i = 0; i < 20; i++) socket.send(String(i));
  await waitFor(() => received.length === 20, { what: "20 echoes", timeoutMs: 10_000 });
  assertEquals(received, Array.from({ length: 20 }, (_, i) => String(i)));
  const closed = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
  socket.send("throw");
  assertEquals((await closed).code, 1011);
});

Deno.test("a handler that throws when its WebSocket opens closes it with 1011, with a warning", async () => {
  await using server = await start({ workers: 1 });
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/throwing-socket`);
  const closed = await new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
  assertEquals(closed.code, 1011);
  assertEquals(await get(`${server.url}/now`), [200, "now"]);
  await waitFor(() => server.warnings.length > 0, { what: "a warning" });
  assertEquals(server.warnings, ["an endpoint failed: Error: a handler's own fault"]);
});

Deno.test("a server that has ended leaves no descriptor open", async () => {
  const count = () => [...Deno.readDirSync("/proc/self/fd")].length;
  {
    await using first = await start();
    await get(`${first.url}/now`);
  }
  const before = count();
  {
    await using second = await start({ workers: 4 });
    await get(`${second.url}/now`);
  }
  await waitFor(() => count() <= before, { what: () => `${count()} descriptors to be ${before}` });
});

Deno.test("a worker that dies is replaced, its connections are closed, other connections are not affected", async () => {
  await using server = await start({ workers: 2 });
  const { port } = server.executor.address;
  const doomed = await Deno.connect({ port });
  await doomed.write(new TextEncoder().encode("GET /dies HTTP/1.1\r\nHost: a\r\n\r\n"));
  assertEquals(await doomed.read(new Uint8Array(10)), null);
  doomed.close();
  assertStringIncludes(server.warnings.join("\n"), "killed by a test");
  for (let i = 0; i < 20; i++) assertEquals((await get(`${server.url}/now`))[1], "now");
});

Deno.test("every worker uses the new config when a reload is over, also after several at once", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  await Deno.writeTextFile(`${folder}/index.html`, "home");
  const [none, served] = [DEFAULT_CONFIG.files, { ...DEFAULT_CONFIG.files, root: folder }];
  try {
    await using server = await start({ workers: 3, workerModule: null });
    const { executor, url, config, warnings } = server;
    // Separate connections, so that they reach all workers.
    const kinds = async () => {
      const headers = { Connection: "close" };
      const answers = await Promise.all(Array.from({ length: 24 }, () => get(url, { headers })));
      return new Set(answers.map(([, text]) => text === "home" ? text : "terminal"));
    };
    assertEquals(await kinds(), new Set(["terminal"]));
    await executor.reload({ ...config, files: served });
    assertEquals(await kinds(), new Set(["home"]));
    await Promise.all([none, served, none].map((files) => executor.reload({ ...config, files })));
    assertEquals(await kinds(), new Set(["terminal"]));
    assertEquals(warnings, []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("what a worker held is held no more when it has died", async () => {
  const monitoring = { ...DEFAULT_CONFIG.monitoring, admin: { hostname: "127.0.0.1", port: 0 } };
  await using server = await start({ workers: 1, monitoring });
  const { port } = server.executor.address;
  const { port: adminPort } = server.executor.adminAddress!;
  const held = async () => {
    const metrics = await Metrics.of(`http://127.0.0.1:${adminPort}`);
    return metrics.sum("async_deno_held_memory_bytes");
  };
  const upload = await Deno.connect({ port });
  const head = "POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n";
  await upload.write(new TextEncoder().encode(head));
  await upload.write(new Uint8Array(100_000));
  await waitFor(async () => await held() >= 100_000, { what: "a body that is held" });
  const doomed = await Deno.connect({ port });
  await doomed.write(new TextEncoder().encode("GET /dies HTTP/1.1\r\nHost: a\r\n\r\n"));
  await waitFor(async () => await held() === 0, { what: "nothing to be held" });
  assert(server.warnings.some((text) => text.includes("worker 0 died")));
  upload.close();
  doomed.close();
});

Deno.test("workers that die repeatedly end the server, with the reason", async () => {
  const server = await start({ workers: 1 });
  const { address: { port }, ended } = server.executor;
  let hasEnded = false;
  void ended.then(() => hasEnded = true);
  // Five, if the machine starts their replacements within ten seconds.
  for (let i = 0; i < 50 && !hasEnded; i++) {
    // On the Deno transport the listening socket ends with the only worker, until that is replaced.
    const connect = async () =>
      hasEnded ? "ended" as const : await Deno.connect({ port }).catch(() => undefined);
    const doomed = await waitFor<Deno.TcpConn | "ended" | undefined>(connect, {
      what: "a worker that listens",
    });
    if (doomed === "ended") break;
    await doomed.write(new TextEncoder().encode("GET /dies HTTP/1.1\r\nHost: a\r\n\r\n"));
    await doomed.read(new Uint8Array(10)).catch(() => null);
    doomed.close();
  }
  const { failure } = await within(ended, { what: "the end" });
  assertStringIncludes(failure, "5 workers died within 10 s");
  assertStringIncludes(failure, "killed by a test");
});

Deno.test("above the connection limit: 503, closed, and one warning", async () => {
  const limits = { ...DEFAULT_CONFIG.limits, connections: 2 };
  await using server = await start({ limits });
  const { port } = server.executor.address;
  const held: Deno.Conn[] = [];
  for (let i = 0; i < 2; i++) {
    const connection = await Deno.connect({ port });
    await connection.write(new TextEncoder().encode("GET /now HTTP/1.1\r\nHost: a\r\n\r\n"));
    await connection.read(new Uint8Array(1000));
    held.push(connection);
  }
  for (let i = 0; i < 3; i++) {
    const refused = await Deno.connect({ port });
    const text = new TextDecoder().decode(await readToEnd(refused));
    assertStringIncludes(text, "HTTP/1.1 503 Service Unavailable\r\n");
    assertStringIncludes(text, "Connection: close\r\n");
  }
  const said = () => server.warnings.filter((text) => text.includes("2 connections"));
  await waitFor(() => said().length > 0, { what: "the warning", timeoutMs: 5_000 });
  assertEquals(said().length, 1);
  for (const connection of held) connection.close();
  // The 503 may arrive before the request was sent; fetch may report that as an error.
  const isServed = () => get(`${server.url}/now`).then(([status]) => status === 200, () => false);
  await waitFor(isServed, {
    what: "a connection after others were closed",
    timeoutMs: 5_000,
  });
});

async function readToEnd(connection: Deno.Conn): Promise<Uint8Array> {
  return new Uint8Array(await new Response(connection.readable).arrayBuffer());
}

Deno.test("two servers of one process each adopt their own listening socket", async () => {
  await using first = await start();
  await using second = await start();
  assert(first.executor.address.port !== second.executor.address.port);
  for (const { url } of [first, second]) assertEquals((await get(`${url}/now`))[0], 200);
});

Deno.test("IPv6, and the wildcard address for both versions", async () => {
  for (const hostname of ["::1", "::"]) {
    await using server = await start({ hostname });
    assertEquals((await get(`http://[::1]:${server.executor.address.port}/now`))[0], 200);
  }
});

Deno.test("a port in use causes Deno's own error, and leaves no listener open", async () => {
  await using server = await start();
  const { port } = server.executor.address;
  await assertRejects(() => start({ port }), Deno.errors.AddrInUse);
});
