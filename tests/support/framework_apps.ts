/**
 * Apps written with frameworks, as their users write them: nothing in here knows of this server.
 *
 * Imported after the thread is prepared, as an app's own modules are.
 */

import { Hono } from "npm:hono@4.13.19";
import { cors } from "npm:hono@4.13.19/cors";
import { getCookie, setCookie } from "npm:hono@4.13.19/cookie";
import { etag } from "npm:hono@4.13.19/etag";
import { secureHeaders } from "npm:hono@4.13.19/secure-headers";
import { stream, streamSSE } from "npm:hono@4.13.19/streaming";
import { AutoRouter, error, json } from "npm:itty-router@5.0.24";

const hono = new Hono();
hono.use("*", secureHeaders());
hono.use("/cors/*", cors({ origin: "http://other.example" }));
hono.use("/etag", etag());
hono.get("/", (c) => c.text("home"));
hono.get("/users/:id", (c) => c.json({ id: c.req.param("id"), q: c.req.query("q") ?? null }));
hono.post("/json", async (c) => c.json({ got: await c.req.json() }, 201));
hono.post("/form", async (c) => c.json(await c.req.parseBody()));
hono.post("/upper", async (c) => c.text((await c.req.text()).toUpperCase()));
hono.get("/html", (c) => c.html("<h1>ä</h1>"));
hono.get("/old", (c) => c.redirect("/new", 301));
hono.get("/cookie", (c) => {
  setCookie(c, "seen", "yes", { httpOnly: true });
  return c.text(getCookie(c, "name") ?? "none");
});
hono.get("/cors/x", (c) => c.text("shared"));
hono.get("/etag", (c) => c.text("tagged"));
hono.get("/header", (c) => {
  c.header("X-One", "1");
  c.header("X-One", "2", { append: true });
  c.status(202);
  return c.body(c.req.header("x-in") ?? "");
});
hono.get("/stream", (c) =>
  stream(c, async (out) => {
    for (const piece of ["a", "b", "c"]) {
      await out.write(piece);
      await out.sleep(2);
    }
  }));
hono.get("/sse", (c) =>
  streamSSE(c, async (out) => {
    for (let id = 0; id < 2; id++) await out.writeSSE({ data: `event ${id}`, id: `${id}` });
  }));
hono.get("/throws", () => {
  throw new Error("a route's own fault");
});
hono.onError((fault, c) => c.json({ fault: fault.message }, 500));
hono.notFound((c) => c.text("no such route", 404));
const sub = new Hono();
sub.get("/deep", (c) => c.text(`${c.req.method} ${c.req.path}`));
hono.route("/sub", sub);
hono.mount("/mounted", (request: Request) => new Response(new URL(request.url).pathname));

const itty = AutoRouter();
itty
  .get("/hello/:name", ({ name }) => `hello ${name}`)
  .get("/query", ({ query }) => query)
  .post("/json", async (request) => ({ got: await request.json() }))
  .get("/status", () => json({ fine: true }, { status: 203 }))
  .get("/error", () => error(418, "teapot"))
  .get("/throws", () => {
    throw new Error("a route's own fault");
  });

/** By name. */
export const FRAMEWORK_APPS: Readonly<
  Record<string, { fetch(request: Request, ...more: never[]): Response | Promise<Response> }>
> = { hono, itty };
