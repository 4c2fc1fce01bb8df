/**
 * `async-deno channels subscribe`: at a real server, with a path in between that breaks connections; and at a small server that
 * does what a real one does only if something is wrong.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Authority, NO_OPENSSL, tlsArguments } from "../../support/certificates.ts";
import {
  API_KEY,
  ChannelFolder,
  expectChannels,
  runChannels,
} from "../../support/channel_commands.ts";
import { freePort } from "../../support/free_port.ts";
import { runProgram } from "../../support/program.ts";
import { RunningProgram } from "../../support/running_program.ts";
import { type Server, serverCommand, startServer, withServer } from "../../support/server.ts";
import { SlowPath } from "../../support/slow_path.ts";

interface Place {
  readonly folder: ChannelFolder;
  readonly server: Server;
}

async function withChannels(
  body: (place: Place) => Promise<void>,
  channels = "",
): Promise<void> {
  await using folder = await ChannelFolder.make({ channels });
  await withServer({ workers: 2, args: ["--config", folder.config] }, (server) => {
    return body({ folder, server });
  });
}

/** Follows a channel with a token that is made from the configuration. */
function follow(folder: ChannelFolder, url: string, channel: string, ...args: string[]) {
  return RunningProgram.start([
    "channels",
    "subscribe",
    channel,
    "--config",
    folder.config,
    "--url",
    url,
    ...args,
  ]);
}

async function api(server: Server, method: string, request: unknown): Promise<void> {
  const response = await fetch(`${server.url}/api/${method}`, {
    method: "POST",
    headers: { "X-API-Key": API_KEY },
    body: typeof request === "string" ? request : JSON.stringify(request),
  });
  const answer = await response.json();
  assert(answer.error === undefined, JSON.stringify(answer));
}

async function publish(server: Server, channel: string, ...data: unknown[]): Promise<void> {
  for (const one of data) await api(server, "publish", { channel, data: one });
}

/** The data of lines. */
function dataOf(lines: readonly string[]): unknown[] {
  return lines.map((line) => JSON.parse(line).data);
}

Deno.test("channels subscribe: a line for each publication, byte for byte, until SIGINT or SIGTERM", async () => {
  await withChannels(async ({ folder, server }) => {
    await using one = follow(folder, server.url, "chat:a");
    await using two = follow(folder, server.url, "$private", "--user", "ann");
    await one.waitForError("subscribed to chat:a at offset 0");
    await two.waitForError("subscribed to $private, which has no recovery");
    await api(
      server,
      "publish",
      '{"channel":"chat:a","data":{"n": 1.0, "long": 12345678901234567890}}',
    );
    await publish(server, "$private", "secret");
    assertEquals(await one.waitForLines(1), [
      '{"offset":1,"data":{"n": 1.0, "long": 12345678901234567890}}',
    ]);
    assertEquals(dataOf(await two.waitForLines(1)), ["secret"]);
    one.kill("SIGINT");
    two.kill("SIGTERM");
    assertEquals(await Promise.all([one.code(), two.code()]), [0, 0]);
    assertEquals([one.lines.length, two.lines.length], [1, 1]);
  });
});

Deno.test("channels subscribe: after a lost connection it recovers what was published meanwhile", () =>
  withChannels(async ({ folder, server }) => {
    await using relay = new SlowPath(server.port);
    await using tail = follow(folder, `http://127.0.0.1:${relay.port}`, "chat:a");
    await tail.waitForError("subscribed to chat:a");
    await publish(server, "chat:a", 1);
    await tail.waitForLines(1);
    for (let round = 0; round < 3; round++) {
      relay.cut();
      await tail.waitForError("connecting again");
      const first = 2 + 3 * round;
      await publish(server, "chat:a", first, first + 1, first + 2);
      tail.stderr = "";
      relay.mend();
      await tail.waitForError("connected again: 3 publications were recovered");
      await tail.waitForLines(first + 2);
    }
    await publish(server, "chat:a", 11);
    const lines = await tail.waitForLines(11);
    assertEquals(lines.map((line) => JSON.parse(line).offset), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    assert(!tail.stderr.includes("lost"), tail.stderr);
  }));

Deno.test("channels subscribe: it says which publications were lost, and goes on", () =>
  withChannels(async ({ folder, server }) => {
    await using relay = new SlowPath(server.port);
    const url = `http://127.0.0.1:${relay.port}`;
    await using short = follow(folder, url, "short:a");
    await using plain = follow(folder, url, "plain:a");
    const both = [[short, "short:a"], [plain, "plain:a"]] as const;
    for (const [tail, channel] of both) {
      await tail.waitForError(`subscribed to ${channel}`);
      await publish(server, channel, 1);
      await tail.waitForLines(1);
    }
    relay.cut();
    for (const [tail, channel] of both) {
      await tail.waitForError("connecting again");
      await publish(server, channel, 2, 3, 4, 5, 6);
    }
    relay.mend();
    await short.waitForError(
      "connected again: 5 publications were lost, offsets 2 to 6: the history does not have all of them, or they are more than one recovery may have",
    );
    await plain.waitForError(
      "connected again: publications may be lost, because plain:a has no recovery",
    );
    for (const [tail, channel] of both) {
      await publish(server, channel, 7);
      assertEquals(dataOf(await tail.waitForLines(2)), [1, 7]);
    }
  }));

Deno.test("channels subscribe: a server that was restarted has another epoch, which is said", async () => {
  await using folder = await ChannelFolder.make();
  const port = freePort();
  const start = () => startServer({ workers: 1, port, args: ["--config", folder.config] });
  const first = await start();
  const url = first.url;
  await using tail = follow(folder, url, "chat:a");
  await tail.waitForError("subscribed to chat:a");
  await publish(first, "chat:a", 1, 2);
  await tail.waitForLines(2);
  await first.stop();
  await first[Symbol.asyncDispose]();
  await tail.waitForError("connecting again");
  await withServer({ workers: 1, port, args: ["--config", folder.config] }, async (second) => {
    await tail.waitForError("connected again: publications may be lost: chat:a has another epoch");
    await publish(second, "chat:a", 3);
    assertEquals(dataOf(await tail.waitForLines(3)), [1, 2, 3]);
    tail.kill("SIGTERM");
    assertEquals(await tail.code(), 0);
  });
});

Deno.test("channels subscribe: --since begins in the history, --limit ends it", () =>
  withChannels(async ({ folder, server }) => {
    await publish(server, "chat:a", 1, 2, 3, 4);
    const subscribe = ["subscribe", "--config", folder.config, "--url", server.url];
    const run = (...args: string[]) => runChannels([...subscribe, ...args]);
    const { code, stdout } = await run("chat:a", "--since", "1", "--limit", "2");
    assertEquals([code, dataOf(stdout.trim().split("\n"))], [0, [2, 3]]);
    const position = await expectChannels([
      "history",
      "chat:a",
      "--limit",
      "0",
      "--config",
      folder.config,
      "--url",
      server.url,
    ]);
    const { epoch } = JSON.parse(position);
    const known = await run("chat:a", "--since", "3", "--epoch", epoch, "--limit", "1");
    assertEquals([known.code, dataOf([known.stdout])], [0, [4]]);
    await publish(server, "short:a", 1, 2, 3, 4);
    await using late = follow(folder, server.url, "short:a", "--since", "1");
    await late.waitForError("3 publications were lost, offsets 2 to 4");
    await using other = follow(folder, server.url, "chat:a", "--since", "1", "--epoch", "a-1");
    await other.waitForError("publications may be lost: chat:a has another epoch");
    const alone = await run("chat:a", "--epoch", "x");
    assertEquals(alone.code, 2);
  }));

Deno.test("channels subscribe: the end of its reader ends it", () =>
  withChannels(async ({ folder, server }) => {
    await using tail = follow(folder, server.url, "chat:a");
    await tail.waitForError("subscribed");
    await publish(server, "chat:a", 1);
    await tail.waitForLines(1);
    await tail.endOutput();
    // It is told at its next line.
    await publish(server, "chat:a", 2, 3);
    assertEquals(await tail.code(), 0);
    assertEquals(tail.stderr.trimEnd().split("\n").length, 1, tail.stderr);
  }));

Deno.test("channels subscribe: an output that cannot be written is one line and exit code 1", () =>
  withChannels(async ({ folder, server }) => {
    await publish(server, "chat:a", 1);
    const [program, before] = serverCommand();
    const args = [
      "subscribe",
      "chat:a",
      "--since",
      "0",
      "--config",
      folder.config,
      "--url",
      server.url,
    ];
    const command = [program, ...before, "channels", ...args].map((word) => `'${word}'`).join(" ");
    const { code, stderr } = await runProgram("sh", ["-c", `${command} > /dev/full`]);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "async-deno: cannot write to standard output: No space left");
  }));

Deno.test("channels subscribe: a reader that does not read stops it from reading, and loses nothing", () =>
  withChannels(async ({ folder, server }) => {
    const args = [
      "channels",
      "subscribe",
      "chat:a",
      "--config",
      folder.config,
      "--url",
      server.url,
    ];
    await using tail = RunningProgram.start(args, { readsOutput: false });
    await using other = RunningProgram.start(args, { readsOutput: false });
    await Promise.all([tail, other].map((one) => one.waitForError("subscribed")));
    const text = "x".repeat(60_000);
    const count = 100;
    for (let i = 0; i < count; i++) await publish(server, "chat:a", `${i} ${text}`);
    // Blocked on its output, it ends all the same.
    other.kill("SIGTERM");
    assertEquals(await other.code(), 0);
    const reading = tail.readOutput();
    const lines = await tail.waitForLines(count);
    assertEquals(
      lines.map((line) => parseInt(JSON.parse(line).data)),
      Array.from({ length: count }, (_, i) => i),
    );
    tail.kill("SIGTERM");
    assertEquals(await tail.code(), 0);
    await reading;
  }));

Deno.test("channels subscribe: tokens by hand, from the argument and from a file; clients without a token", () =>
  withChannels(async ({ folder, server }) => {
    const token = async (...args: string[]) =>
      (await expectChannels(["token", "--config", folder.config, "--user", "ann", ...args])).trim();
    const start = (channel: string, ...args: string[]) =>
      RunningProgram.start(["channels", "subscribe", channel, "--url", server.url, ...args]);
    const allowed = await token("--allow", "chat:*=sub,hst");
    const file = await folder.write("ann.jwt", `${await token()}\n`);
    await using tails = new AsyncDisposableStack();
    const rows = [
      start("chat:a", "--token", allowed),
      start(
        "chat:a",
        "--token-file",
        file,
        "--subscription-token",
        await token("--channel", "chat:a"),
      ),
      start("open:a"),
    ].map((tail) => tails.use(tail));
    await Promise.all(rows.map((tail) => tail.waitForError("subscribed")));
    await publish(server, "chat:a", 1);
    await publish(server, "open:a", 1);
    for (const tail of rows) assertEquals(dataOf(await tail.waitForLines(1)), [1]);
    const run = (channel: string, ...args: string[]) =>
      runChannels(["subscribe", channel, "--url", server.url, ...args]);
    const refusals = [
      [
        await run("chat:a", "--token-file", file),
        1,
        "the server refuses the subscription: permission denied (103)",
      ],
      [await run("chat:a"), 1, "permission denied (103)"],
      [await run("nowhere:a", "--token", allowed), 1, "unknown channel (102)"],
      [
        await run("chat:a", "--token", `${allowed}x`),
        1,
        "invalid token (3500): the token is not valid",
      ],
      [await run("chat:a", "--token-file", "none"), 2, "none: the file does not exist"],
      [await run("chat:a", "--token-file", folder.config), 2, "does not have one token"],
      [await run("chat:a", "--user", "ann"), 2, "name its configuration file with --config"],
      [
        await run("chat:a", "--user", "ann", "--token", allowed),
        2,
        "--user has no effect with a token",
      ],
      [await run("chat:a", "--subscription-token", allowed), 2, "needs --token or --token-file"],
      [
        await run("chat:a", "--token", allowed, "--token-file", file),
        2,
        "--token excludes --token-file",
      ],
    ] as const;
    for (const [{ code, stdout, stderr }, expected, says] of refusals) {
      assertEquals([code, stdout], [expected, ""], stderr);
      assertStringIncludes(stderr, says);
    }
  }, "allow_anonymous_connect_without_token = true\n"));

Deno.test("channels subscribe: no server, one without channels, and one that wants a token", async () => {
  await using folder = await ChannelFolder.make();
  const port = freePort();
  const run = (url: string) => runChannels(["subscribe", "chat:a", "--url", url]);
  const nobody = await run(`http://127.0.0.1:${port}`);
  assertEquals(nobody.code, 1);
  assertStringIncludes(nobody.stderr, `cannot connect to 127.0.0.1:${port}: `);
  assertStringIncludes(nobody.stderr, "ECONNREFUSED");
  await withServer({ workers: 1 }, async ({ url }) => {
    const { code, stderr } = await run(url);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "it answers with status 404: it has no channels");
  });
  await withServer({ workers: 1, args: ["--config", folder.config] }, async ({ url }) => {
    const { code, stderr } = await run(url);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "invalid token (3500): it wants a token");
    assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
  });
});

Deno.test("channels subscribe: the server ends the subscription, or the connection", () =>
  withChannels(async ({ folder, server }) => {
    await using unsubscribed = follow(folder, server.url, "chat:a", "--user", "ann");
    await unsubscribed.waitForError("subscribed");
    await api(server, "unsubscribe", { user: "ann", channel: "chat:a" });
    assertEquals(await unsubscribed.code(), 1);
    await unsubscribed.waitForError("the server ended the subscription: server unsubscribe (2000)");
    await using disconnected = follow(folder, server.url, "chat:a", "--user", "bob");
    await disconnected.waitForError("subscribed");
    await api(server, "disconnect", { user: "bob" });
    assertEquals(await disconnected.code(), 1);
    await disconnected.waitForError("the server closed the connection: force disconnect (3503)");
  }));

Deno.test({
  name: `channels subscribe: wss with a private authority${NO_OPENSSL}`,
  ignore: NO_OPENSSL !== "",
  fn: async () => {
    await using authority = await Authority.make();
    await using folder = await ChannelFolder.make();
    const tls = tlsArguments(await authority.sign("one"));
    await withServer({ workers: 1, args: ["--config", folder.config, ...tls] }, async (server) => {
      const args = ["subscribe", "chat:a", "--config", folder.config, "--url", server.url];
      await using tail = RunningProgram.start(["channels", ...args, "--ca", authority.file]);
      await tail.waitForError("subscribed");
      const ca = ["--ca", authority.file];
      const at = ["--config", folder.config, "--url", server.url, ...ca];
      await expectChannels(["publish", "chat:a", "1", ...at]);
      assertEquals(dataOf(await tail.waitForLines(1)), [1]);
      const { code, stderr } = await runChannels(args);
      assertEquals(code, 1);
      assertStringIncludes(stderr, "name the authority with --ca FILE");
    });
  },
});
