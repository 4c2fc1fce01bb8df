/** What the main thread answers to workers that ask for the key set: also if there is none. */

import { assert, assertEquals } from "@std/assert";
import { fetchKeySet } from "../../../runtime/executor/key_set.ts";
import { freePort } from "../../support/free_port.ts";

/** The answer to one who asks a server with this handler. */
async function answerOf(handler: (request: Request) => Response): Promise<unknown> {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
  return await fetchKeySet(`http://127.0.0.1:${server.addr.port}/keys`);
}

Deno.test("key set for workers: the whole text of an answer, its status, and no redirect is followed", async () => {
  const text = JSON.stringify({ keys: [] });
  assertEquals(await answerOf(() => new Response(text)), { status: 200, text });
  assertEquals(await answerOf(() => new Response("no", { status: 404 })), {
    status: 404,
    text: "",
  });
  const elsewhere = new Response(null, { status: 302, headers: { location: "/other" } });
  assertEquals(await answerOf(() => elsewhere), { status: 302, text: "" });
});

Deno.test("key set for workers: an address that does not answer is a fault, without the address", async () => {
  const answer = await fetchKeySet(`http://127.0.0.1:${freePort()}/secret`);
  const fault = "fault" in answer ? answer.fault : "";
  assert(fault.length > 5 && !fault.includes("secret"), JSON.stringify(answer));
});
