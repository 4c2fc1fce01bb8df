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
  fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
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
