/** An app for tests that uses what it is given with Deno's own functions, and the server's properties. */

const ROUTES = {
  "/ok": () => new Response("ok"),
  "/echo": async (request) =>
    Response.json({
      method: request.method,
      type: request.headers.get("content-type"),
      text: await request.text(),
    }),
  "/copied": async (request) => {
    const copy = new Request(request);
    return Response.json([
      copy.method,
      await copy.text(),
      request.bodyUsed,
      [...copy.headers].length > 2,
    ]);
  },
  "/changed": async (request) => {
    const copy = new Request(request, { method: "PUT", body: "other", headers: { a: "b" } });
    return Response.json([copy.method, await copy.text(), [...copy.headers]]);
  },
  "/proxied": (request) => fetch(new Request(new URL("/echo", request.url), request)),
  "/fetched": async (request) => {
    const clone = request.clone();
    const answer = await fetch(new URL("/echo", request.url), {
      method: request.method,
      headers: { "content-type": request.headers.get("content-type") },
      body: clone.body,
    });
    return new Response(answer.body, answer);
  },
  "/served": async () => {
    const listen = { hostname: "127.0.0.1", port: 0, onListen() {} };
    const inner = Deno.serve(
      listen,
      (request) => new Response(`inner ${new URL(request.url).pathname}`),
    );
    const answer = await fetch(`http://127.0.0.1:${inner.addr.port}/x`);
    const text = await answer.text();
    await inner.shutdown();
    return new Response(text);
  },
  "/server": (_request, server) => {
    const { hostname, port, pendingRequests, url } = server;
    return Response.json({ hostname, port, pendingRequests, url });
  },
  "/ip": (request, server) => Response.json(server.requestIP(request)),
  "/ip-later": async (request, server) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    return Response.json(server.requestIP(request));
  },
  "/wasm": async () => {
    // The empty module.
    const bytes = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    const headers = { "content-type": "application/wasm" };
    const module = await WebAssembly.compileStreaming(new Response(bytes, { headers }));
    const later = Promise.resolve(new Response(bytes, { headers }));
    const { instance } = await WebAssembly.instantiateStreaming(later, {});
    return Response.json([module, instance].map(String));
  },
  "/cached": async (request) => {
    const cache = await caches.open("async-deno-test");
    await cache.put("http://a.example/", new Response("cached", { headers: { a: "b" } }));
    const found = await cache.match(new Request("http://a.example/"));
    await cache.match(request);
    await caches.delete("async-deno-test");
    return new Response(found.body, found);
  },
  "/served-error": async () => {
    const inner = Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      onListen() {},
      handler() {
        throw new Error("inner");
      },
      onError: ({ message }) => new Response(`sorry: ${message}`),
    });
    const text = await (await fetch(`http://127.0.0.1:${inner.addr.port}/x`)).text();
    await inner.shutdown();
    return new Response(text);
  },
  "/relative": async () => {
    const outcomes = [];
    for (const attempt of [() => new Request("/x"), () => fetch("/x")]) {
      outcomes.push(await Promise.resolve().then(attempt).then(({ url }) => url, String));
    }
    return Response.json([...outcomes, Response.redirect("/log in?é").headers.get("location")]);
  },
  "/patient": async (request, server) => {
    server.timeout(request, 20);
    await new Promise((resolve) => setTimeout(resolve, 700));
    return new Response("late");
  },
  "/hasty": (request, server) => {
    server.timeout(request, 0.1);
    return new Promise(() => {});
  },
  "/thenable": () => ({ then: (resolve) => void resolve(new Response("thenable")) }),
  "/stream-throws": () =>
    new Response(
      new ReadableStream({
        start() {
          throw new Error("start");
        },
      }),
    ),
  "/error": () => {
    throw new Error("thrown");
  },
  "/error-later": () => Promise.reject(new Error("rejected")),
  "/error-again": () => {
    throw new Error("again");
  },
};

export default {
  fetch: (request, server) => ROUTES[new URL(request.url).pathname]?.(request, server),
  error(error) {
    if (error.message === "again") throw new Error("the hook fails too");
    const response = new Response(`sorry: ${error.message}`, { status: 503 });
    return error.message === "rejected" ? Promise.resolve(response) : response;
  },
};
