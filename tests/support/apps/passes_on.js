/** An app for tests that answers with what another server answers, and one whose `error` fails. */

const kept = [];

const ROUTES = {
  "/as-it-is": (from) => fetch(from),
  "/body-and-init": async (from) => {
    const answer = await fetch(from);
    return new Response(answer.body, answer);
  },
  "/headers-changed": async (from) => {
    const answer = await fetch(from);
    const headers = new Headers(answer.headers);
    headers.set("x-by", "app");
    return new Response(answer.body, { status: answer.status, headers });
  },
  "/clone": async (from) => (await fetch(from)).clone(),
  "/clone-of-clone-and-init": async (from) => {
    const answer = (await fetch(from)).clone().clone();
    return new Response(answer.body, answer);
  },
  "/record": async (from) => {
    const answer = await fetch(from);
    const { connection: _, ...headers } = Object.fromEntries(answer.headers);
    return new Response(answer.body, { headers });
  },
  "/bytes": async (from) => {
    const answer = await fetch(from);
    return new Response(await answer.bytes(), answer);
  },
  "/other-body": async (from) => {
    const answer = await fetch(from);
    const again = new TransformStream({
      transform(bytes, controller) {
        controller.enqueue(bytes);
        controller.enqueue(bytes);
      },
    });
    return new Response(answer.body.pipeThrough(again), answer);
  },
  "/instances": async (from) => {
    const all = [await fetch(from), new Request(from), new Response(), new Response().clone()];
    class Own extends Headers {}
    const headers = [...all.map((each) => each.headers), new Headers(), new Own()];
    const others = [headers[4] instanceof Own, {} instanceof Headers, null instanceof Headers];
    return Response.json([...headers.map((each) => each instanceof Headers), ...others]);
  },
  "/encoded": (from) => fetch(from, { headers: { "accept-encoding": "identity" } }),
};

/** What a request says of itself, or why it says nothing. */
function told(request) {
  try {
    return `${request.url} ${request.headers.get("cookie")}`;
  } catch (error) {
    return error.message;
  }
}

export default {
  websocket: {},
  fetch(request, server) {
    const { pathname, searchParams } = new URL(request.url);
    // As a proxy does that passes on all that the other server has said.
    if (pathname === "/upgrade") {
      const headers = {
        "connection": "Upgrade, close",
        "content-length": "5",
        "date": "today",
        "sec-websocket-accept": "another",
        "sec-websocket-extensions": "permessage-deflate",
        "upgrade": "websocket",
        "x-own": "kept",
      };
      return server.upgrade(request, { headers }) ? undefined : new Response("no");
    }
    if (pathname === "/told") return Response.json(kept.map(told));
    if (pathname in ROUTES) return ROUTES[pathname](searchParams.get("from"));
    kept.push(request);
    if (pathname === "/rejects") return Promise.reject(new Error("rejected"));
    throw new Error(pathname);
  },
  error({ message }) {
    if (message === "/error-rejects") return Promise.reject(new Error("error has rejected"));
    throw new Error("error has thrown");
  },
};
