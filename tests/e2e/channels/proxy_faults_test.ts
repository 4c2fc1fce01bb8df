/**
 * The proxy of channels, if its backend is slow, is down, answers nonsense, or has enough to do.
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { connected, subscribe } from "../../support/channel_server.ts";
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
  }, { timeout: 300 });
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
  // Once, and without the secret of the address.
  const told = server.warnings.filter((text) => text.includes("[channels.proxy]"));
  assertEquals(told.length, 1);
  assertStringIncludes(told[0]!, "asked about rpc");
  assertStringIncludes(told[0]!, "it answered 500");
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
