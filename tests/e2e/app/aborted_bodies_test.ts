/**
 * A client that leaves in the middle of its body, and each way to read that: the app learns of it as under Deno.serve.
 */

import { assert, assertEquals } from "@std/assert";
import { appFile, withApp } from "../../support/app_server.ts";
import { type Endpoint, HttpConnection } from "../../support/http_client.ts";
import { waitFor } from "../../support/wait_for.ts";

const APP = "aborted_bodies.js";
const WAYS = [
  "text",
  "json",
  "bytes",
  "arrayBuffer",
  "blob",
  "formData",
  "stream",
  "clone",
  "copy",
];

/** Sends half of a body, leaves when the app has begun to read, and returns what that has noticed. */
async function noticed(server: Endpoint & { readonly url: string }, way: string): Promise<unknown> {
  const events = async (): Promise<unknown[][]> => {
    const all: unknown[][] = await (await fetch(`${server.url}/events`)).json();
    return all.filter(([of]) => of === way);
  };
  const connection = await HttpConnection.open(server);
  const type = way === "formData" ? "multipart/form-data; boundary=x" : "text/plain";
  await connection.send(
    `POST /${way} HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: 100\r\n\r\nhalf`,
  );
  await waitFor(async () => (await events()).length > 0, { what: `${way} to begin` });
  connection[Symbol.dispose]();
  await waitFor(async () => (await events()).length > 1, { what: `the end of ${way}` });
  return (await events())[1];
}

Deno.test("app: a body whose client has left rejects as under Deno.serve, however it is read", async (test) => {
  // Not named in an import: it is read by this process with Deno's own classes.
  const { default: app } = await import(appFile(APP));
  await using theirs = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => app.fetch(request),
  );
  const { hostname, port } = theirs.addr;
  const other = { hostname, port, url: `http://${hostname}:${port}` };
  await withApp(APP, async (server) => {
    for (const way of WAYS) {
      await test.step(way, async () => {
        const expected = await noticed(other, way);
        assert(Array.isArray(expected) && expected[1] === "rejected", JSON.stringify(expected));
        assertEquals(await noticed(server, way), expected);
      });
    }
  });
});
