/**
 * The wall clock of a running server is set back by an hour: what a token opened ends in its time all the same, and histories, recoveries,
 * idempotency keys and pings go on. The real server with one worker, whose clock the test sets.
 */

import { assertEquals } from "@std/assert";
import { Backend, sign } from "../../support/channel_backend.ts";
import { allSubscribed, CrowdMember, faultsOf, gather, scatter } from "../../support/crowd.ts";
import { NodeSocket } from "../../support/node_socket.ts";
import { begun, events, fetchStream } from "../../support/plain_stream.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const THREAD = new URL("../../support/channels_thread.ts", import.meta.url);
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

/** A connection by a token; what it is told, and how it ends. */
function connect(url: string, token: string) {
  const socket = new NodeSocket(url);
  const seen: { text: string; code: number | undefined } = { text: "", code: undefined };
  socket.on("open", () => socket.send(JSON.stringify({ id: 1, connect: { token } })));
  socket.on("message", (data) => {
    const text = new TextDecoder().decode(data);
    if (text === "{}") socket.send("{}");
    seen.text += text;
  });
  socket.on("close", (code) => seen.code = code);
  return { socket, seen };
}

Deno.test("clock: set back by an hour, it prolongs no token, and loses no publication", async () => {
  const channelLimits = { expiryGrace: 500, pingTime: 1_000, pongTime: 500 };
  const more = { workers: 1, workerModule: THREAD, channelLimits };
  await using backend = await Backend.start({}, more);
  const { url } = backend.server;
  const members = ["chat:a", "chat:b"].map((channel) => new CrowdMember(url, channel));
  await gather(members);
  const [short, long] = await Promise.all([
    sign({ sub: "alice", exp: inSeconds(5) }),
    sign({ sub: "bob", exp: inSeconds(600) }),
  ]);
  const [ending, lasting] = [connect(url, short), connect(url, long)];
  const path = `/channels/sse?channel=chat:a&token=${short}`;
  await using stream = await begun(await fetchStream(backend.url(path)));
  await waitFor(() => ending.seen.text !== "" && lasting.seen.text !== "", { what: "both" });
  const key = { idempotency_key: "once" };
  const first = await backend.publish("chat:a", 1, key);

  const [, told] = await backend.get("/sets-back");
  assertEquals(Date.parse(told) < Date.now() - 3_500_000, true, told);
  assertEquals(await backend.publish("chat:a", 1, key), first);
  for (let i = 2; i <= 4; i++) await backend.publish("chat:a", i);
  await scatter(members);
  for (let i = 5; i <= 8; i++) await backend.publish("chat:a", i);
  for (const member of members) member.come();
  await allSubscribed(members);
  assertEquals(members.map(({ recovered }) => recovered), [true, true]);
  assertEquals(members[0]!.publications, 8);

  await waitFor(() => ending.seen.code, { what: "the end of an expired token" });
  assertEquals(ending.seen.code, 3005);
  const [{ code }] = await events(stream, 1, "disconnect");
  assertEquals(code, 3005);
  // Who answers its pings stays: some came meanwhile.
  assertEquals([lasting.seen.code, lasting.seen.text.includes("{}")], [undefined, true]);
  assertEquals(faultsOf(members), []);
  lasting.socket.terminate();
  await scatter(members);
});
