/**
 * `async-deno channels publish|presence|history` at a real server.
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Authority, NO_OPENSSL, tlsArguments } from "../../support/certificates.ts";
import {
  API_KEY,
  ChannelFolder,
  expectChannels,
  runChannels,
} from "../../support/channel_commands.ts";
import { freePort } from "../../support/free_port.ts";
import { type ProgramResult, runProgram } from "../../support/program.ts";
import { RunningProgram } from "../../support/running_program.ts";
import { type Server, serverCommand, withServer } from "../../support/server.ts";
import { sharedBy } from "../../support/shared_server.ts";

/** A server, and the arguments that make commands use it. */
interface Channels {
  readonly at: readonly string[];
  readonly folder: ChannelFolder;
  readonly server: Server;
}

/** Tests that share a server; each has channels of its own. */
const onServer = sharedBy<Channels>("channel commands", async (body) => {
  await using folder = await ChannelFolder.make();
  const args = ["--config", folder.config, "--max-publication", "256k"];
  await withServer({ workers: 2, args }, (server) => {
    return body({ at: ["--config", folder.config, "--url", server.url], folder, server });
  });
});

async function api(server: Server, method: string, body: unknown): Promise<Response> {
  const headers = { "X-API-Key": API_KEY };
  return await fetch(`${server.url}/api/${method}`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
}

/** Publishes many numbers at once. */
async function publishNumbers(server: Server, channel: string, count: number): Promise<void> {
  const commands = Array.from({ length: count }, (_, i) => ({ publish: { channel, data: i + 1 } }));
  const { replies } = await (await api(server, "batch", { commands })).json();
  assertEquals(replies.at(-1).publish.offset, count);
}

function lines(stdout: string): string[] {
  return stdout.split("\n").slice(0, -1);
}

function assertFailed({ code, stdout, stderr }: ProgramResult, expected: number, says: string) {
  assertEquals([code, stdout], [expected, ""], stderr);
  assertStringIncludes(stderr, says);
  assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
}

onServer(
  "channels publish: from the argument and from standard input, byte for byte",
  async ({ at }) => {
    const first = await expectChannels(["publish", "chat:bytes", '{"n": 1.0}', ...at]);
    assertMatch(first, /^\{"offset":1,"epoch":"[0-9a-z]+-[0-9a-z]+"\}\n$/);
    await expectChannels(
      ["publish", "chat:bytes", "-", ...at],
      '{"long": 12345678901234567890,\n"t": "ü"}\n',
    );
    await expectChannels(["publish", "chat:bytes", ...at, "--conflation-key", "A", "--", "-1"]);
    const history = await expectChannels(["history", "chat:bytes", ...at]);
    assertEquals(lines(history), [
      '{"offset":1,"data":{"n": 1.0}}',
      '{"offset":2,"data":{"long": 12345678901234567890,"t": "ü"}}',
      '{"offset":3,"data":-1,"tags":{"key":"A"}}',
    ]);
  },
);

onServer(
  "channels publish: the key from a file, from a variable, or from the configuration",
  async ({ folder, server: { url } }) => {
    const publish = ["channels", "publish", "chat:key", "1", "--url", url];
    const [program, before] = serverCommand();
    const run = (...args: string[]) =>
      runProgram("env", [`KEY=${API_KEY}`, program, ...before, ...publish, ...args]);
    for (
      const args of [
        ["--api-key-file", `${folder.path}/api.key`],
        ["--api-key-variable", "KEY"],
        ["--config", folder.config],
      ]
    ) {
      const { code, stderr } = await run(...args);
      assertEquals([code, stderr], [0, ""]);
    }
    const wrong = await folder.write("wrong.key", "another key, which nobody knows");
    assertFailed(await run("--api-key-file", wrong), 1, "the server does not know this key");
    const long = await folder.write("long.key", "two\nlines");
    assertFailed(
      await run("--api-key-file", long),
      2,
      "characters that a header field cannot have",
    );
    assertFailed(await run("--api-key-file", "no.key"), 2, "no.key: the file does not exist");
    assertFailed(await run("--api-key-variable", "NO_KEY"), 2, "the variable NO_KEY is empty");
    assertFailed(await run(), 2, "--api-key-file FILE, --api-key-variable NAME, or --config FILE");
  },
);

Deno.test("channels publish: without --url the address is that of the configuration", async () => {
  const port = freePort();
  await using folder = await ChannelFolder.make({ top: `port = ${port}\nip = "127.0.0.1"` });
  await withServer({ workers: 1, port, args: ["--config", folder.config] }, async () => {
    const stdout = await expectChannels(["publish", "chat:a", "1", "--config", folder.config]);
    assertStringIncludes(stdout, '"offset":1');
  });
});

onServer(
  "channels publish: wrong data is exit code 2, a refusal exit code 1",
  async ({ at, server }) => {
    const publish = (channel: string, data: string, input = "") =>
      runChannels(["publish", channel, data, ...at], input);
    assertFailed(await publish("chat:wrong", "hello"), 2, "did you mean '\"hello\"'?");
    assertFailed(
      await publish("chat:wrong", "-", ""),
      2,
      "the data on standard input must be JSON, and is empty",
    );
    assertFailed(
      await publish("chat:wrong", "-", "{"),
      2,
      "the data on standard input must be JSON",
    );
    assertFailed(
      await publish("nowhere:a", "1"),
      1,
      "the server refuses publish: unknown channel (102)",
    );
    const long = JSON.stringify("x".repeat(300_000));
    assertFailed(await publish("chat:wrong", "-", long), 1, "--max-publication");
    assertFailed(
      await runChannels(["publish", "chat:wrong", "1", ...at, "--url", `${server.url}/x`]),
      2,
      "--url is given more than once",
    );
  },
);

Deno.test("channels publish: no server, one without channels, and one that redirects to https", async () => {
  await using folder = await ChannelFolder.make();
  const publish = (url: string) =>
    runChannels(["publish", "chat:a", "1", "--config", folder.config, "--url", url]);
  const nobody = `http://127.0.0.1:${freePort()}`;
  const refused = "tcp connect error: Connection refused (os error 111)";
  const { code, stderr } = await publish(nobody);
  assertEquals([code, stderr], [1, `async-deno: ${nobody} does not answer: ${refused}\n`]);
  await withServer({ workers: 1 }, async ({ url }) => {
    assertFailed(await publish(url), 1, "status 404: the server has no HTTP API of channels");
  });
  await using redirecting = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => undefined },
    () => Response.redirect("https://a.example/api/publish", 308),
  );
  const url = `http://127.0.0.1:${redirecting.addr.port}`;
  assertFailed(await publish(url), 1, "did you mean --url https://a.example?");
});

onServer("channels presence: who, and how many", async ({ at }) => {
  assertEquals(await expectChannels(["presence", "chat:presence", ...at]), "");
  await using one = RunningProgram.start([
    "channels",
    "subscribe",
    "chat:presence",
    "--user",
    "ann",
    ...at,
  ]);
  await using two = RunningProgram.start([
    "channels",
    "subscribe",
    "chat:presence",
    "--user",
    "ann",
    ...at,
  ]);
  await Promise.all([one, two].map((tail) => tail.waitForError("subscribed to chat:presence")));
  const present = lines(await expectChannels(["presence", "chat:presence", ...at]));
  assertEquals(present.map((line) => JSON.parse(line).user), ["ann", "ann"]);
  const stats = await expectChannels(["presence", "chat:presence", "--stats", ...at]);
  assertEquals(stats, '{"num_clients":2,"num_users":1}\n');
  assertFailed(await runChannels(["presence", "short:a", ...at]), 1, "not available (108)");
});

onServer(
  "channels history: whole, page by page, by number and by position",
  async ({ at, server }) => {
    const history = async (...args: string[]) =>
      lines(await expectChannels(["history", "chat:history", ...args, ...at]));
    const numbers = async (...args: string[]) =>
      (await history(...args)).map((line) => JSON.parse(line).data);
    assertEquals(await history(), []);
    assertEquals(await history("--limit", "0"), ['{"offset":0,"epoch":""}']);
    await publishNumbers(server, "chat:history", 1000);
    const all = Array.from({ length: 1000 }, (_, i) => i + 1);
    assertEquals(await numbers(), all);
    assertEquals(await numbers("--reverse"), all.toReversed());
    assertEquals(await numbers("--limit", "3"), [1, 2, 3]);
    assertEquals(await numbers("--limit", "3", "--reverse"), [1000, 999, 998]);
    assertEquals(await numbers("--since", "997"), [998, 999, 1000]);
    assertEquals(await numbers("--since", "3", "--reverse"), [2, 1]);
    const { offset, epoch } = JSON.parse((await history("--limit", "0"))[0]!);
    assertEquals(offset, 1000);
    assertEquals(await numbers("--since", "999", "--epoch", epoch), [1000]);
    const other = await runChannels([
      "history",
      "chat:history",
      "--since",
      "5",
      "--epoch",
      "a-1",
      ...at,
    ]);
    assertFailed(other, 1, "unrecoverable position (112)");
    const alone = await runChannels(["history", "chat:history", "--epoch", epoch, ...at]);
    assertFailed(alone, 2, "--epoch has no effect without --since");
    await publishNumbers(server, "short:a", 5);
    const gone = await runChannels(["history", "short:a", "--since", "1", ...at]);
    assertFailed(gone, 1, "no longer has everything after offset 1");
    assertFailed(await runChannels(["history", "plain:a", ...at]), 1, "history_size");
  },
);

onServer("channels history: more bytes than one answer may have", async ({ at, server }) => {
  const text = "x".repeat(200_000);
  await expectChannels(["publish", "chat:big", "-", ...at], JSON.stringify(`0${text}`));
  for (let i = 1; i < 12; i++) {
    const response = await api(server, "publish", { channel: "chat:big", data: `${i}${text}` });
    assertEquals((await response.json()).result.offset, i + 1);
  }
  const whole = lines(await expectChannels(["history", "chat:big", ...at]));
  const offsets = Array.from({ length: 12 }, (_, i) => i + 1);
  assertEquals(whole.map((line) => JSON.parse(line).offset), offsets);
});

Deno.test({
  name: `channels publish: https with a private authority${NO_OPENSSL}`,
  ignore: NO_OPENSSL !== "",
  fn: async () => {
    await using authority = await Authority.make();
    await using folder = await ChannelFolder.make();
    const tls = tlsArguments(await authority.sign("one"));
    const args = ["--config", folder.config, ...tls];
    await withServer({ workers: 1, args }, async ({ url }) => {
      const publish = ["publish", "chat:a", "1", "--config", folder.config, "--url", url];
      const stdout = await expectChannels([...publish, "--ca", authority.file]);
      assertStringIncludes(stdout, '"offset":1');
      assertFailed(await runChannels(publish), 1, "name the authority with --ca FILE");
      assertFailed(
        await runChannels([...publish, "--ca", folder.config]),
        2,
        "has no certificate in PEM",
      );
    });
  },
});

Deno.test("channels: a reader that has ended is no error message", async () => {
  const [program, before] = serverCommand();
  const command = [program, ...before, "channels", "--help"].map((word) => `'${word}'`).join(" ");
  const { stderr } = await runProgram("sh", ["-c", `${command} | true`]);
  assertEquals(stderr, "");
});
