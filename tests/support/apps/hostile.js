/** An app for tests that does what an app should not, by path. /events tells what it has noticed. */

const events = [];
const bytes = (text) => new TextEncoder().encode(text);
const pause = () => new Promise((resolve) => setTimeout(resolve, 5));
const constant = new Response("constant");
let kept = null;

/** A stream of these chunks; an Error ends it. */
function streamOf(...chunks) {
  return new ReadableStream({
    async pull(controller) {
      await pause();
      const chunk = chunks.shift();
      if (chunk === undefined) controller.close();
      else if (chunk instanceof Error) controller.error(chunk);
      else controller.enqueue(chunk);
    },
  });
}

/** A stream without an end, that notes what happens to it under a name. */
function endless(name, size) {
  let pulled = 0;
  const piece = new Uint8Array(size);
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(piece);
      events.push(`${name} pulled ${++pulled}`);
    },
    cancel: (reason) => void events.push(`${name} cancelled: ${reason.name}`),
  }, { highWaterMark: 0 });
}

const withHeaders = (headers, body = "body") => new Response(body, { headers });

const ROUTES = {
  "/ok": () => new Response("ok"),
  "/events": () => Response.json(events),

  // Bodies that are not read, or not to the end.
  "/early": () => new Response("early"),
  "/early-later": async () => {
    await pause();
    return new Response("early");
  },
  "/reads-a-piece": async (request) => {
    const reader = request.body.getReader();
    const { value } = await reader.read();
    return new Response(`${value.length > 0}`);
  },
  "/cancels-body": async (request) => {
    await request.body.cancel();
    return new Response("cancelled");
  },
  "/reads-later": (request) => {
    setTimeout(() => {
      request.text().then(
        () => events.push("read after the answer"),
        (error) => events.push(`after the answer: ${error.message}`),
      );
    }, 20);
    return new Response("answered");
  },
  "/reads-twice": async (request) => {
    await request.text();
    const again = await request.text().catch((error) => error.name);
    return new Response(`${again} ${request.bodyUsed}`);
  },

  // Exceptions.
  "/throws": () => {
    throw new Error("thrown");
  },
  "/rejects": async () => {
    await pause();
    throw new Error("rejected");
  },
  "/throws-null": () => {
    throw null;
  },
  "/rejects-undefined": () => Promise.reject(),
  "/throws-in-body": () => new Response(streamOf(bytes("first"), new Error("in the body"))),
  "/throws-before-body": () => new Response(streamOf(new Error("in the body"))),

  // No answers, or used ones.
  "/number": () => 5,
  "/null": () => null,
  "/object": () => ({ status: 200 }),
  "/later-text": async () => {
    await pause();
    return "text";
  },
  "/used": async () => {
    const response = new Response("used");
    await response.text();
    return response;
  },
  "/locked": () => {
    const response = new Response(streamOf(bytes("x")));
    response.body.getReader();
    return response;
  },
  "/constant": () => constant,
  "/error-response": () => Response.error(),
  "/upgrade-response": () => new Response(null, { status: 101 }),

  // Fields that the server writes.
  "/length-short": () => withHeaders({ "content-length": "2" }),
  "/length-long": () => withHeaders({ "content-length": "200" }),
  "/length-odd": () => withHeaders({ "content-length": "4, 4" }),
  "/stream-length": () =>
    withHeaders({ "content-length": "6" }, streamOf(bytes("abc"), bytes("def"))),
  "/stream-short": () =>
    withHeaders({ "content-length": "5" }, streamOf(bytes("abc"), bytes("def"))),
  "/stream-long": () =>
    withHeaders({ "content-length": "7" }, streamOf(bytes("abc"), bytes("def"))),
  "/encoding": () => withHeaders({ "transfer-encoding": "chunked" }),
  "/encoding-gzip": () =>
    withHeaders({ "transfer-encoding": "gzip, chunked" }, streamOf(bytes("body"))),
  "/both": () => withHeaders({ "transfer-encoding": "chunked", "content-length": "1" }),
  "/closes": () => withHeaders({ connection: "close" }),
  "/keeps": () => withHeaders({ connection: "keep-alive", "keep-alive": "timeout=5" }),
  "/odd-connection": () => withHeaders({ connection: "content-length, Close" }),
  "/date": () => withHeaders({ date: "yesterday" }),
  "/line-end": () => withHeaders({ "x-a": "1\r\nx-b: 2" }),
  "/line-end-later": () => {
    const response = new Response("body");
    response.headers.set("x-a", "1\nx-b: 2");
    return response;
  },
  "/bad-name": () => withHeaders({ "x a": "1" }),
  "/control": () => withHeaders({ "x-a": "a\x01b" }),
  "/wide": () => withHeaders({ "x-a": "\u0101" }),
  "/status-text": () => new Response("body", { statusText: "OK\r\nx: y" }),
  "/cookies": () =>
    withHeaders([["set-cookie", "a=1"], ["set-cookie", "b=2, c"], ["x", "1"], ["X", "2"]]),

  // Bodies of answers.
  "/not-bytes": () => new Response(streamOf("text")),
  "/empty-chunks": () =>
    new Response(streamOf(bytes(""), bytes("a"), bytes(""), bytes("b"), bytes(""))),
  "/no-content": () => new Response(null, { status: 204 }),
  "/not-modified": () => new Response(null, { status: 304, headers: { etag: '"a"' } }),
  "/long-text": () => new Response("ä".repeat(100_000)),
  "/long-bytes": () => new Response(new Uint8Array(300_000)),
  "/stream": () => new Response(streamOf(bytes("abc"))),
  "/blob": () => new Response(new Blob(["blob"], { type: "text/x" })),
  "/form": () => new Response(new URLSearchParams({ a: "1 2" })),
  "/endless": () => new Response(endless("endless", 65_536)),

  // Clients that leave.
  "/waits": (request) => {
    events.push("waits");
    const { promise, resolve } = Promise.withResolvers();
    request.signal.addEventListener("abort", () => {
      events.push(`aborted: ${request.signal.reason.name}`);
      setTimeout(() => resolve(new Response("nobody")), 5);
    });
    return promise;
  },
  "/reads-all": async (request) => {
    events.push("reading");
    const text = await request.text().catch((error) => `failed: ${error.name}`);
    events.push(text.slice(0, 40));
    return new Response(text);
  },

  // Files of the app's folder.
  "/file": (_request, server) => server.file("first.js"),
  "/file-fields": (_request, server) =>
    server.file("./first.js", {
      headers: {
        "content-disposition": "attachment",
        "Content-Type": "text/x",
        "content-length": "1",
      },
    }),
  "/text": async (request) => new Response(await request.text()),
  "/json": async (request) => Response.json(await request.json()),
  "/file-copied": (_request, server) => {
    const file = server.file("first.js");
    return new Response(file.body, {
      headers: { ...Object.fromEntries(file.headers), "x-copied": "yes" },
    });
  },
  "/file-cloned": (_request, server) => server.file("first.js").clone(),
  "/file-read": async (_request, server) => {
    const results = await Promise.allSettled([
      server.file("first.js").text(),
      new Response(server.file("first.js").body.pipeThrough(new TransformStream())).text(),
    ]);
    return new Response(results.map(({ reason }) => reason?.message).join("; "));
  },
  "/file-missing": (_request, server) => server.file("no/such"),
  "/file-outside": (_request, server) => server.file("../fake_os.ts"),
  "/file-folder": (_request, server) => server.file("."),
  "/file-later": async (_request, server) => {
    await pause();
    return server.file(import.meta.dirname + "/first.js");
  },

  // Requests that are kept.
  "/keep": (request) => {
    kept = request;
    return new Response("kept");
  },
  "/use-kept": async () => {
    const seen = [];
    for (const use of [() => kept.headers.get("x-secret"), () => kept.text(), () => kept.url]) {
      try {
        seen.push(`${await use()}`);
      } catch (error) {
        seen.push(error.message.split(":")[0]);
      }
    }
    return Response.json(seen);
  },
  "/kept-later": async (request) => {
    await pause();
    kept = request;
    return new Response("kept");
  },
};

export default {
  fetch: (request, server) => ROUTES[new URL(request.url).pathname]?.(request, server),
};
