/** An app for tests: what it answers depends on the path. */

const text = new TextEncoder();

const ROUTES = {
  "/ok": () => new Response("ok"),
  "/later": async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return new Response("later");
  },
  "/about": (request, server) => {
    const { method, url } = request;
    const { address } = server.requestIP(request);
    return Response.json({ method, url, agent: request.headers.get("user-agent"), address });
  },
  "/json": async (request) => Response.json({ got: await request.json() }),
  "/upper": async (request) => new Response((await request.text()).toUpperCase()),
  "/echo-body": (request) => new Response(request.body),
  "/events": () => {
    let count = 0;
    const pull = async (controller) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (count === 3) return controller.close();
      controller.enqueue(text.encode(`data: ${count++}\n\n`));
    };
    const headers = { "content-type": "text/event-stream" };
    return new Response(new ReadableStream({ pull }), { headers });
  },
};

export default {
  fetch: (request, server) => ROUTES[new URL(request.url).pathname]?.(request, server),
};
