/**
 * `async-deno channels token`: the tokens that it makes, with the real client `centrifuge` from npm at a real server.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Centrifuge } from "npm:centrifuge@5.8.0";
import {
  ChannelFolder,
  expectChannels,
  runChannels,
  TOKEN_SECRET,
} from "../../support/channel_commands.ts";
import { NodeSocket } from "../../support/node_socket.ts";
import { type Server, serverCommand, withServer } from "../../support/server.ts";
import { runProgram } from "../../support/program.ts";
import { waitFor, within } from "../../support/wait_for.ts";

async function tokenOf(folder: ChannelFolder, ...args: string[]): Promise<string> {
  return (await expectChannels(["token", "--config", folder.config, ...args])).trim();
}

/** The claims of a token. */
// deno-lint-ignore no-explicit-any -- tests look into any claim
function claimsOf(token: string): any {
  const [, payload = ""] = token.split(".");
  return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
}

/** A client, which is disconnected at the end. */
async function withClient(
  server: Server,
  token: string,
  body: (client: Centrifuge) => Promise<void>,
): Promise<void> {
  const url = `${server.wsUrl}/connection/websocket`;
  const client = new Centrifuge(url, { websocket: NodeSocket, token });
  try {
    client.connect();
    await within(client.ready(), { what: "a connection" });
    await body(client);
  } finally {
    client.disconnect();
  }
}

/** Subscribes; the error's code, or 0. */
async function subscribe(client: Centrifuge, channel: string, token?: string): Promise<number> {
  const subscription = client.newSubscription(channel, token === undefined ? {} : { token });
  let code: number | undefined;
  subscription.on("subscribed", () => code ??= 0);
  subscription.on("unsubscribed", (context: { code: number }) => code ??= context.code);
  subscription.on("error", ({ error }: { error: { code: number } }) => code ??= error.code);
  subscription.subscribe();
  await waitFor(() => code !== undefined, { what: `an answer for ${channel}` });
  return code!;
}

Deno.test("channels token: the real client connects with it, and may do what it allows", async () => {
  await using folder = await ChannelFolder.make();
  await withServer({ workers: 2, args: ["--config", folder.config] }, async (server) => {
    const ann = '{"name":"Ann","karma":1.0}';
    const allows = ["--allow", "chat:*=subscribe,pub,presence", "--allow", "plain:a=sub"];
    const token = await tokenOf(folder, "--user", "ann", "--info", ann, ...allows);
    await withClient(server, token, async (client) => {
      assertEquals(await subscribe(client, "chat:room"), 0);
      assertEquals(await subscribe(client, "plain:a"), 0);
      assertEquals(await subscribe(client, "plain:ab"), 103);
      await client.publish("chat:room", 1);
      const { clients } = await client.presence("chat:room");
      const [info] = Object.values(clients);
      assertEquals([info?.user, info?.connInfo], ["ann", { name: "Ann", karma: 1 }]);
      const refused = await client.history("chat:room", { limit: 1 }).then(
        () => 0,
        (error) => error.code,
      );
      assertEquals(refused, 103, "no hst");
    });
  });
});

Deno.test("channels token: --channel makes a subscription token, which opens that channel alone", async () => {
  await using folder = await ChannelFolder.make();
  await withServer({ workers: 1, args: ["--config", folder.config] }, async (server) => {
    const [token, ofRoom, ofChat] = await Promise.all([
      tokenOf(folder, "--user", "ann"),
      tokenOf(folder, "--user", "ann", "--channel", "$room"),
      tokenOf(folder, "--user", "ann", "--channel", "chat:room"),
    ]);
    assertEquals(claimsOf(ofRoom).channel, "$room");
    await withClient(server, token, async (client) => {
      assertEquals(await subscribe(client, "chat:room"), 103);
      assertEquals(await subscribe(client, "$other", ofRoom), 103);
      assertEquals(await subscribe(client, "$room", ofRoom), 0);
    });
    await withClient(server, token, async (client) => {
      assertEquals(await subscribe(client, "chat:room", ofChat), 0);
    });
    const ofBob = await tokenOf(folder, "--user", "bob");
    await withClient(server, ofBob, async (client) => {
      assertEquals(await subscribe(client, "$room", ofRoom), 103, "of another user");
    });
  });
});

Deno.test("channels token: claims: the life, JSON as it is, audience and issuer of the configuration", async () => {
  await using folder = await ChannelFolder.make({
    token: `hmac_secret_key_variable = "SECRET_OF_TOKENS"\naudience = "chat"\nissuer = "shop"\n`,
  });
  const [program, before, env] = serverCommand();
  const args = ["token", "--config", folder.config, "--user", "42", "--expires", "30d"];
  const { stdout, code } = await new Deno.Command(program, {
    args: [...before, "channels", ...args, "--info", '{"a":1.0}'],
    env: { ...env, SECRET_OF_TOKENS: TOKEN_SECRET },
    clearEnv: true,
  }).output();
  assertEquals(code, 0);
  const token = new TextDecoder().decode(stdout).trim();
  assertStringIncludes(atob(token.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/")), "1.0");
  const { iat, exp, ...claims } = claimsOf(token);
  assertEquals(claims, { sub: "42", aud: "chat", iss: "shop", info: { a: 1 } });
  assert(Math.abs(exp - iat - 30 * 86_400) <= 1, `${exp} - ${iat}`);
  const env2 = { env: { SECRET_OF_TOKENS: TOKEN_SECRET } };
  await withServer({ workers: 1, args: ["--config", folder.config], ...env2 }, async (server) => {
    await withClient(server, token, () => Promise.resolve());
  });
});

Deno.test("channels token: wrong input is one line that says what to do, and exit code 2", async () => {
  await using folder = await ChannelFolder.make();
  await using publicOnly = await ChannelFolder.make({ token: 'public_key_files = ["a.pem"]' });
  await using none = await ChannelFolder.make({ token: "" });
  await using short = await ChannelFolder.make({ token: 'hmac_secret_key_file = "/dev/null"' });
  const of = (folder: ChannelFolder, ...more: string[]) => ["--config", folder.config, ...more];
  const ann = ["--user", "ann"];
  const rows: (readonly [args: readonly string[], says: string])[] = [
    [of(folder), "channels token needs --user NAME"],
    [ann, "name its configuration file with --config"],
    [
      [...ann, "--config", "no.toml"],
      "cannot read the configuration file no.toml: the file does not exist",
    ],
    [of(publicOnly, ...ann), "has only public keys, which can check tokens and make none"],
    [of(none, ...ann), "has no secret for tokens: hmac_secret_key_file"],
    [of(short, ...ann), "the file /dev/null is empty"],
    [of(folder, ...ann, "--info", "hello"), `--info must be JSON`],
    [of(folder, ...ann, "--allow", "chat:*"), "--allow must be PATTERN=ACTIONS"],
    [of(folder, ...ann, "--allow", "chat:*=subscrib"), "did you mean subscribe?"],
    [of(folder, ...ann, "--allow", `${"x".repeat(300)}=sub`), "a pattern that cannot be used"],
    [
      of(folder, ...ann, "--channel", "a", "--allow", "a=sub"),
      "--allow has no effect with --channel",
    ],
    [of(folder, ...ann, "--expires", "0"), "--expires must be a time from 1s to 3650d"],
    [of(folder, ...ann, "--exp", "5m"), "did you mean --expires 5m?"],
  ];
  for (const [args, says] of rows) {
    const { code, stdout, stderr } = await runChannels(["token", ...args]);
    assertEquals([code, stdout], [2, ""], stderr);
    assertStringIncludes(stderr, says);
    assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
  }
});

Deno.test("channels token: the file of --config can be named by the variable, as for the server", async () => {
  await using folder = await ChannelFolder.make();
  const [program, before] = serverCommand();
  const variable = `ASYNC_DENO_CONFIG=${folder.config}`;
  const args = [variable, program, ...before, "channels", "token", "--user", "ann"];
  const { code, stdout } = await runProgram("env", args);
  assertEquals([code, claimsOf(stdout.trim()).sub], [0, "ann"]);
});
