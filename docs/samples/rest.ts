// A REST handler with JSON bodies, without a library. Runs here, and with `bun rest.ts` or `deno serve rest.ts`.
interface Point {
  x: number;
  y: number;
}

function isPoint(value: unknown): value is Point {
  const { x, y } = (value ?? {}) as Partial<Point>;
  return typeof x === "number" && typeof y === "number";
}

async function distance(request: Request): Promise<Response> {
  let body: unknown;
  try {
    body = await request.json();
  } catch {
    return Response.json({ error: "the body is not JSON" }, { status: 400 });
  }
  if (!isPoint(body)) return Response.json({ error: "x and y must be numbers" }, { status: 422 });
  return Response.json({ distance: Math.hypot(body.x, body.y) });
}

export default {
  fetch(request: Request): Response | Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/distance") {
      if (request.method === "POST") return distance(request);
      return new Response(null, { status: 405, headers: { allow: "POST" } });
    }
    if (pathname === "/greeting") {
      const name = searchParams.get("name") ?? request.headers.get("x-name") ?? "nobody";
      return Response.json({ greeting: `hello, ${name}` }, {
        headers: { "cache-control": "no-store" },
      });
    }
    if (pathname === "/cookies") {
      const headers = new Headers();
      headers.append("set-cookie", "a=1; Path=/");
      headers.append("set-cookie", "b=2; Path=/; HttpOnly");
      return new Response(request.headers.get("cookie") ?? "none", { headers });
    }
    return Response.json({ error: "not found" }, { status: 404 });
  },
};
