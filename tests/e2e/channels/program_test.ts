/**
 * Channels as an operator has them: by the configuration file or a flag, in the program as it is started.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { runServer, startServer, withServer } from "../../support/server.ts";
import { waitFor } from "../../support/wait_for.ts";

const SECTION = `
[channels]
allow_anonymous_connect_without_token = true
[channels.namespaces.chat]
history_size = 10
history_ttl = "5m"
allow_subscribe_for_client = true
allow_subscribe_for_anonymous = true
[channels.api]
key_variable = "API_KEY"
`;

/** Connects, sends one message, and returns the first that comes. */
async function firstMessage(url: string, text: string): Promise<string[]> {
  const socket = new WebSocket(url);
  let message: string | undefined;
  socket.onmessage = ({ data }) => message ??= String(data);
  socket.onopen = () => socket.send(text);
  await waitFor(() => message, { what: `an answer of ${url}` });
  socket.close();
  await new Promise((resolve) => socket.onclose = resolve);
  return message!.split("\n");
}

async function withFile(text: string, body: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ prefix: "async-deno-test-", suffix: ".toml" });
  await Deno.writeTextFile(path, text);
  try {
    await body(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("channels: the section of the configuration file switches them on", async () => {
  await withFile(SECTION, async (path) => {
    const env = { API_KEY: "a key of the operator" };
    await withServer({ workers: 2, args: ["--config", path], env }, async (server) => {
      const commands =
        '{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"chat:a"}}\n{"id":3,"subscribe":{"channel":"b"}}';
      const replies = await firstMessage(`${server.wsUrl}/connection/websocket`, commands);
      assertEquals(replies.slice(1), [
        '{"id":2,"subscribe":{}}',
        '{"id":3,"error":{"code":103,"message":"permission denied"}}',
      ]);
      const response = await fetch(`${server.url}/api/publish`, {
        method: "POST",
        headers: { "X-API-Key": "a key of the operator" },
        body: '{"channel":"chat:a","data":1}',
      });
      assertEquals((await response.json()).result.offset, 1);
    });
  });
});

Deno.test("channels: without the section there are none", async () => {
  await withServer({ workers: 1 }, async (server) => {
    const response = await fetch(`${server.url}/connection/websocket`);
    await response.body?.cancel();
    assertEquals(response.status, 404);
  });
});

Deno.test("channels: --channels-insecure needs nothing else, and says what it does", async () => {
  const server = await startServer({ workers: 1, args: ["--channels-insecure"] });
  try {
    const commands = '{"id":1,"connect":{}}\n{"id":2,"publish":{"channel":"chat:lobby","data":1}}';
    const replies = await firstMessage(`${server.wsUrl}/connection/websocket`, commands);
    assertEquals(replies[1], '{"id":2,"publish":{}}');
    assertStringIncludes(server.stderr, "--channels-insecure: every client");
    assertEquals((await server.stop()).code, 0);
  } finally {
    await server[Symbol.asyncDispose]();
  }
});

Deno.test("channels: a mistake in the section, and a secret that is missing, are told before the start", async () => {
  await withFile("[channels]\nhistory_sizes = 5\n", async (path) => {
    const { code, stderr } = await runServer(["1", "--config", path]);
    assert(code !== 0);
    assertStringIncludes(stderr, "did you mean history_size?");
  });
  await withFile(SECTION, async (path) => {
    const { code, stderr } = await runServer(["1", "--port", "0", "--config", path]);
    assert(code !== 0);
    assertStringIncludes(stderr, "key_variable of [channels.api]: the variable API_KEY is empty");
  });
});

Deno.test("channels: SIGHUP says that a changed section, and a changed secret, take a restart", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    const [file, key] = [`${folder}/a.toml`, `${folder}/key`];
    const section = (allows: boolean) =>
      `[channels]\nallow_anonymous_connect_without_token = ${allows}\n` +
      `[channels.namespaces.chat]\nchannel_regex = "^[a-z]+$"\n` +
      `[channels.api]\nkey_file = "${key}"\n`;
    await Deno.writeTextFile(file, section(true));
    await Deno.writeTextFile(key, "a key of more than 16 bytes");
    await withServer({ workers: 1, args: ["--config", file] }, async (server) => {
      const says = async (text: string) => {
        server.kill("SIGHUP");
        await waitFor(() => server.stderr.includes(`only after a restart: ${text}\n`), {
          what: `a line about ${text}`,
        });
      };
      await Deno.writeTextFile(file, section(false));
      await says("[channels]");
      await Deno.writeTextFile(file, section(true).replace("[a-z]", "[a-y]"));
      await Deno.writeTextFile(key, "another key of more than 16 bytes");
      await says(key);
      assertEquals(server.stderr.match(/restart: \[channels\]\n/g)?.length, 2);
      // A secret may be given for the start only: what can be reloaded is.
      await Deno.remove(key);
      server.kill("SIGHUP");
      await waitFor(() => server.stdout.match(/reloaded: /g)?.length === 3, {
        what: "a third reload",
      });
      assertEquals(server.stderr.includes("incomplete"), false, server.stderr);
      await server.stop();
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
