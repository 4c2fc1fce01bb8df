/** What `async-deno channels subscribe` shows on a terminal, and only there: how many publications came. */

import { assert, assertEquals } from "@std/assert";
import { API_KEY, ChannelFolder } from "../../support/channel_commands.ts";
import { RunningProgram } from "../../support/running_program.ts";
import { type Server, serverCommand, withServer } from "../../support/server.ts";
import { waitFor } from "../../support/wait_for.ts";

const CHANNEL = "chat:a";

async function publish(server: Server, data: string): Promise<void> {
  const response = await fetch(`${server.url}/api/publish`, {
    method: "POST",
    headers: { "X-API-Key": API_KEY },
    body: JSON.stringify({ channel: CHANNEL, data }),
  });
  assertEquals((await response.json()).error, undefined);
}

Deno.test("channels subscribe: on a terminal it shows how many came, and on no other stream", async () => {
  await using folder = await ChannelFolder.make({ channels: "" });
  await withServer({ workers: 1, args: ["--config", folder.config] }, async (server) => {
    const [program, before, env] = serverCommand();
    const place = ["--config", folder.config, "--url", server.url];
    const args = ["channels", "subscribe", CHANNEL, "--limit", "2", ...place];
    await using piped = RunningProgram.start(args);
    const words = [program, ...before, ...args].map((word) => `'${word}'`);
    await using child = new Deno.Command("script", {
      args: ["--quiet", "--return", "--command", words.join(" "), "/dev/null"],
      env: { ...env, SHELL: "/bin/sh" },
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    let shown = "";
    const reading = (async () => {
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) shown += text;
    })();
    const shows = (text: string) =>
      waitFor(() => shown.includes(text), { what: () => `${text} in ${JSON.stringify(shown)}` });
    await piped.waitForError("subscribed to chat:a");
    await shows("subscribed to chat:a");
    await shows("\r\x1b[K0 of 2 publications, none for ");
    await publish(server, "one");
    await shows("\r\x1b[K1 of 2 publications, ");
    await publish(server, "two");
    assertEquals([(await child.status).code, await piped.code()], [0, 0]);
    await child.stdin.close();
    await reading;
    // What is left on the terminal: the lines alone.
    const left = shown.split(/\r?\n/).map((line) => line.split("\r\x1b[K").at(-1)!);
    const data = left.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line).data);
    assertEquals([data, left.at(-1)], [["one", "two"], ""]);
    assert(!piped.stderr.includes("of 2 publications"), piped.stderr);
  });
});
