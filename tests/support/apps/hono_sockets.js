/** A Hono app for tests, with what its users take from the server: WebSockets, the client's address, work after the answer. */

import { Hono } from "npm:hono@4.13.19";
import { upgradeWebSocket } from "npm:hono@4.13.19/deno";

const app = new Hono();
const events = [];

app.get(
  "/ws",
  upgradeWebSocket(() => ({
    onOpen: (_event, socket) => void socket.send("welcome"),
    onMessage: ({ data }, socket) => void socket.send(`you said ${data}`),
    onClose: ({ code }) => void events.push(`closed with ${code}`),
  })),
);
app.get("/late", (c) => {
  c.executionCtx.waitUntil(Promise.resolve("late").then((text) => events.push(text)));
  return c.text("now");
});
app.get("/address", (c) => c.text(c.env.requestIP(c.req.raw).address));
app.get("/events", (c) => c.json(events));

export default app;
