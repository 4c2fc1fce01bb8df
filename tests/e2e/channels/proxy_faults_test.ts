/**
 * The proxy of channels, if its backend is slow, is down, answers nonsense, or has enough to do.
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { DEFAULT_CONFIG } from "../../../runtime/mod.ts";
import { connected, subscribe } from "../../support/channel_server.ts";
import { Metrics } from "../../support/metrics.ts";
import { ANN, end, errorOf, startProxied } from "../../support/proxied_server.ts";
import { ProxyBackend } from "../../support/proxy_backend.ts";
import { waitFor, within } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

Deno.test("proxy: a slow backend, one that is down, and answers that are none are the temporary error 100", async () => {
  const slow = Promise.withResolvers<void>();
  const answers: Record<string, unknown> = {
    status: new Response("{}", { status: 500 }),
    redirect: new Response(null, { status: 302, headers: { location: "/rpc" } }),
    text: "nothing",
    list: [],
    type: { result: { data: 1 }, error: "no" },
    code: { error: { code: 5, message: "no" } },
    close: { disconnect: { code: 1000, reason: "no" } },
    large: { result: { data: "x".repeat(1024 * 1024) } },
  };
  await using proxied = await startProxied({
    connect: ANN,
    rpc: async ({ body: { method } }) => {
      if (method === "slow") await slow.promise;
      return answers[method] ?? { result: { data: "fine" } };
    },
  }, { timeout: 3_000 });
  const { backend, server, counted } = proxied;
  const ann = server.client();
  await connected(ann);
  const call = (method: string) => errorOf(ann.centrifuge.rpc(method, {}));
  const internal = [100, "internal server error", true];
  for (const method of Object.keys(answers)) assertEquals(await call(method), internal, method);
  await counted("channel_proxy_failures_total", Object.keys(answers).length, { reason: "error" });
  assertEquals(await call("slow"), internal);
  slow.resolve();
  await counted("channel_proxy_failures_total", 1, { reason: "timeout" });
  assertEquals((await ann.centrifuge.rpc("fine", {})).data, "fine");
  await counted("channel_proxy_requests_total", Object.keys(answers).length + 2, { event: "rpc" });
  await counted("channel_proxy_requests_in_flight", 0);
  // Each cause once, and without the secret of the address.
  assertEquals(await call("list"), internal);
  const told = server.warnings.filter((text) => text.includes("[channels.proxy]"));
  const causes = [
    "it answered 500",
    "it answered 302",
    "its answer is malformed at byte",
    "its error has the code 5,",
    "its disconnect has the code 1000,",
    "its answer has more than 1048576 bytes",
    "no answer within 3 s",
  ];
  for (const cause of causes) {
    const ofIt = told.filter((text) =>
      text.includes(`asked about rpc ([channels.proxy]) has failed: ${cause}`)
    );
    assertEquals(ofIt.length, 1, `${cause}: ${told.join("\n")}`);
    assertStringIncludes(ofIt[0]!, "; clients get error 100");
  }
  assertEquals(told.length, causes.length);
  assert(!told.some((text) => text.includes("hidden")));

  await backend[Symbol.asyncDispose]();
  assertEquals(await call("fine"), internal);
  const other = server.client();
  const failed = end(other, "error");
  other.centrifuge.connect();
  assertEquals((await failed).error.code, 100);
  // The client comes back by itself as soon as the backend does.
  await using again = ProxyBackend.start({ connect: ANN }, backend.port);
  await within(other.centrifuge.ready(), { what: "the connection" });
  assert(again.asked.length > 0);
});

Deno.test("proxy: so many requests at once and no more; other clients go on", async () => {
  const open = Promise.withResolvers<void>();
  await using proxied = await startProxied(
    {
      connect: ANN,
      rpc: async () => (await open.promise, { result: { data: "late" } }),
    },
    { requests: 2 },
    { workers: 1 },
  );
  const { backend, server, counted } = proxied;
  const clients = [server.client(), server.client(), server.client()];
  for (const client of clients) await connected(client);
  const [one, two, three] = clients.map(({ centrifuge }) => centrifuge);
  const waiting = [one!, two!].map((client) => client.rpc("m", {}));
  await waitFor(() => backend.bodies("rpc").length === 2, { what: "two requests" });
  await counted("channel_proxy_requests_in_flight", 2);
  assertEquals(await errorOf(three!.rpc("m", {})), [100, "internal server error", true]);
  await counted("channel_limit_exceeded_total", 1, { limit: "proxy_requests" });
  const lobby = await subscribe(clients[2]!, "chat:lobby");
  await three!.publish("chat:lobby", "meanwhile");
  await waitFor(() => lobby.data.length === 1, { what: "a publication meanwhile" });
  open.resolve();
  assertEquals((await Promise.all(waiting)).map(({ data }) => data), ["late", "late"]);
  assertEquals((await three!.rpc("m", {})).data, "late");
});

Deno.test("proxy: a backend that closes the connection instead of answering is asked once", async () => {
  const asked: string[] = [];
  const backend = createServer((request, response) => {
    let body = "";
    request.on("data", (bytes) => body += bytes);
    request.on("end", () => {
      const { method = "connect" } = JSON.parse(body);
      asked.push(method);
      if (method === "cut") request.socket.destroy();
      else response.end(JSON.stringify({ result: method === "connect" ? { user: "ann" } : {} }));
    });
  });
  await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(backend.address() as AddressInfo).port}/`;
  await using proxied = await startProxied({}, { endpoints: { connect: address, rpc: address } });
  const ann = proxied.server.client();
  await connected(ann);
  for (let i = 0; i < 5; i++) {
    await ann.centrifuge.rpc("fine", {});
    assertEquals(
      await errorOf(ann.centrifuge.rpc("cut", {})),
      [100, "internal server error", true],
    );
  }
  assertEquals(asked.filter((method) => method === "cut").length, 5);
  assertEquals(asked.length, 11);
  await proxied.counted("channel_proxy_requests_total", 11);
  await new Promise((resolve) => backend.close(resolve));
});

Deno.test("proxy: what a backend grants and the server cannot do is its fault, which is counted and told", async () => {
  const result = (more: Record<string, unknown>) => ({ result: { user: "ann", ...more } });
  const long = "x".repeat(300);
  const rows: [granted: unknown, told: string][] = [
    [
      result({ channels: ["chat:a", "nowhere:a\u001b"] }),
      'it subscribes to the channel "nowhere:a\\x1b", whose namespace the config does not have',
    ],
    [
      result({ subs: { [`chat:${long}`]: {} } }),
      `it subscribes to the channel "chat:${long.slice(0, 59)}`,
    ],
    [
      result({ channels: Array.from({ length: 10 }, (_, i) => `chat:${i}`) }),
      "it subscribes to 10 channels, and --max-channels is 8",
    ],
    [result({ user: long }), "its user has more than 253 bytes"],
  ];
  let granted: unknown;
  await using proxied = await startProxied(
    {
      connect: () => granted,
      publish: ({ body: { data } }) => ({ result: { data: "x".repeat(data) } }),
      subscribe: () => ({}),
    },
    {},
    { channelLimits: { channelsPerConnection: 8, publicationBytes: 100 }, workers: 1 },
  );
  const { server, counted } = proxied;
  const told = () => server.warnings.filter((text) => text.includes("[channels.proxy]"));
  for (const [i, [answer, text]] of rows.entries()) {
    granted = answer;
    for (const again of [false, true]) {
      const client = server.client();
      const failed = end(client, "error");
      client.centrifuge.connect();
      assertEquals((await failed).error.code, 100, text);
      client.centrifuge.disconnect();
      await waitFor(() => told().length === i + 1, { what: () => `${again} ${text}: ${told()}` });
    }
    assertStringIncludes(told()[i]!, `asked about connect ([channels.proxy]) has failed: ${text}`);
  }
  // With another name it is the same cause.
  granted = result({ channels: ["other:b"] });
  const client = server.client();
  const failed = end(client, "error");
  client.centrifuge.connect();
  assertEquals((await failed).error.code, 100);
  client.centrifuge.disconnect();
  assertEquals(told().length, rows.length);

  granted = result({});
  const ann = server.client();
  await connected(ann);
  await subscribe(ann, "asked:a");
  await ann.centrifuge.publish("asked:a", 98);
  const internal = [100, "internal server error", true];
  assertEquals(await errorOf(ann.centrifuge.publish("asked:a", 99)), internal);
  await waitFor(() => told().length > rows.length, { what: "the warning" });
  assertStringIncludes(
    told().at(-1)!,
    "asked about publish ([channels.proxy]) has failed: its data has 101 bytes, and --max-publication is 100",
  );
  const metrics = await Metrics.of(`http://127.0.0.1:${server.executor.adminAddress!.port}`);
  const failures = metrics.sum("async_deno_channel_proxy_failures_total", { reason: "error" });
  assert(failures >= 2 * rows.length + 2, `${failures} failures`);
  await counted("channel_proxy_failures_total", 0, { reason: "timeout" });
});

Deno.test("proxy: fields of a connect command are as long as a head may be, and no longer", async () => {
  await using proxied = await startProxied({ connect: ANN, rpc: () => ({ result: {} }) }, {
    emulatedHeaders: ["authorization", "x-own"],
  }, { http1: { ...DEFAULT_CONFIG.http1, headBytes: 1024 }, workers: 1 });
  const { server, backend, counted } = proxied;
  const fits = {
    Authorization: "a".repeat(1024 - "authorization".length - 4),
    other: "b".repeat(2000),
  };
  const ann = server.client({ headers: fits });
  await connected(ann);
  assertEquals(backend.asked[0]!.headers.get("authorization"), fits.Authorization);
  const bob = server.client({ headers: { ...fits, "X-Own": "" } });
  const gone = end(bob, "disconnected");
  bob.centrifuge.connect();
  const { code, reason } = await gone;
  assertEquals([code, reason], [107, "the headers of connect have more than 1024 bytes"]);
  assertEquals(backend.asked.length, 1);
  await counted("limit_exceeded_total", 1, { limit: "head" });
});

Deno.test("proxy: several lines of cookies reach the backend as one", async () => {
  await using proxied = await startProxied({ connect: ANN, subscribe: () => ({}) }, {
    httpHeaders: ["cookie", "x-list"],
  });
  const { server, backend } = proxied;
  const { port } = server.executor.address;
  using client = await Deno.connect({ hostname: "127.0.0.1", port });
  const lines = ["Host: a", "Cookie: a=1", "X-List: 1", "cookie: b=2; c=3,4", "X-List: 2"];
  const head = ["GET /channels/sse?channel=asked:a HTTP/1.1", ...lines, "", ""].join("\r\n");
  await client.write(new TextEncoder().encode(head));
  await waitFor(() => backend.asked.length === 2, { what: "both questions" });
  for (const { headers } of backend.asked) {
    assertEquals([headers.get("cookie"), headers.get("x-list")], ["a=1; b=2; c=3,4", "1, 2"]);
  }
});
