// Ten routes with Hono (npm install hono). Runs here, and with `bun hono.ts`.
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";

interface Note {
  id: number;
  text: string;
}

const notes = new Map<number, Note>([[1, { id: 1, text: "first" }]]);
const app = new Hono();

app.use(async (c, next) => {
  await next();
  c.header("x-answered-by", "hono");
});
app.get("/", (c) => c.text("notes"));
app.get("/html", (c) => c.html("<h1>notes</h1>"));
app.get("/notes", (c) => c.json([...notes.values()]));
app.get("/notes/:id{[0-9]+}", (c) => {
  const note = notes.get(Number(c.req.param("id")));
  if (note === undefined) throw new HTTPException(404, { message: "no such note" });
  return c.json(note);
});
app.post("/echo", async (c) => c.json(await c.req.json(), 201));
app.put("/text", async (c) => c.text((await c.req.text()).toUpperCase()));
app.get("/search", (c) => c.json({ q: c.req.query("q") ?? "", all: c.req.queries("tag") ?? [] }));
app.get("/headers", (c) => c.json({ agent: c.req.header("x-agent") ?? null }));
app.get("/old", (c) => c.redirect("/notes", 301));
app.delete("/notes/:id", (c) => c.body(null, 204));
app.notFound((c) => c.json({ error: "not found", path: c.req.path }, 404));
app.onError((error, c) => {
  const status = error instanceof HTTPException ? error.status : 500;
  return c.json({ error: error.message }, status);
});

export default app;
