/** `--basic-auth` covers the endpoints of channels as it covers everything else; the API key and tokens come beside it. */

import { assertEquals } from "@std/assert";
import { hashPassword } from "../../../runtime/serve/auth/mod.ts";
import {
  ChannelServer,
  connected,
  OPEN_CHANNELS,
  subscribe,
} from "../../support/channel_server.ts";
import { NodeSocket } from "../../support/node_socket.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const KEY = "a key that only the backend knows";
const AUTHORIZATION = `Basic ${btoa("alice:correct horse")}`;

async function start(): Promise<ChannelServer> {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  await Deno.writeTextFile(`${folder}/key`, KEY);
  await Deno.writeTextFile(`${folder}/passwords`, `alice:${await hashPassword("correct horse")}\n`);
  const apiKey = { kind: "file", path: `${folder}/key` } as const;
  const users = [{ user: "alice", file: `${folder}/passwords` }];
  const server = await ChannelServer.start({ ...OPEN_CHANNELS, apiKey }, { users });
  await Deno.remove(folder, { recursive: true });
  return server;
}

Deno.test("basic auth: every endpoint of channels asks for the password first", async () => {
  await using server = await start();
  const statusOf = async (path: string, method: string, headers: Record<string, string>) => {
    const body = method === "POST" ? "{}" : null;
    const response = await fetch(`${server.httpUrl}${path}`, { method, headers, body });
    await response.body?.cancel();
    return response.status;
  };
  const key = { "X-API-Key": KEY };
  for (
    const [path, method, admitted] of [
      ["/connection/websocket", "GET", 426],
      ["/connection/sse", "GET", 400],
      ["/connection/http_stream", "POST", 200],
      ["/emulation", "POST", 400],
      ["/api/info", "POST", 200],
      [`/api/info?api_key=${encodeURIComponent(KEY)}`, "POST", 200],
    ] as const
  ) {
    assertEquals(await statusOf(path, method, key), 401, path);
    const withPassword = { ...key, Authorization: AUTHORIZATION };
    assertEquals(await statusOf(path, method, withPassword), admitted, path);
  }
  // The password does not stand for the key.
  assertEquals(await statusOf("/api/info", "POST", { Authorization: AUTHORIZATION }), 401);
});

Deno.test("basic auth: the real client connects with the password in its handshake, and not without", async () => {
  await using server = await start();
  class WithPassword extends NodeSocket {
    constructor(url: string, protocols: unknown) {
      super(url, protocols, { headers: { Authorization: AUTHORIZATION } });
    }
  }
  const admitted = server.client({ websocket: WithPassword });
  await connected(admitted);
  const received = await subscribe(admitted, "chat:a");
  await admitted.centrifuge.publish("chat:a", 1);
  await waitFor(() => received.data.length === 1, { what: "a publication" });
  const refused = server.client();
  let reasons = 0;
  refused.centrifuge.on("error", () => void reasons++);
  refused.centrifuge.connect();
  await waitFor(() => reasons > 0, { what: "a handshake that fails" });
  assertEquals(refused.centrifuge.state, "connecting");
});
