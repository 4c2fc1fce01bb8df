/**
 * SIGUSR2: a new server takes over the listening sockets. No connection is refused or reset, WebSockets and streams go on or come
 * back, and a new server that cannot start leaves the old one serving.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { withAdmin } from "../support/admin.ts";
import { ask, field, HttpConnection } from "../support/http_client.ts";
import { Lineage } from "../support/lineage.ts";
import { isAlive } from "../support/process_facts.ts";
import {
  hold,
  REPOSITORY,
  runServer,
  type Server,
  waitFor,
  withServer,
} from "../support/server.ts";
import { OVER_TLS } from "../support/suite_tls.ts";
import { OVER_DENO_TRANSPORT } from "../support/suite_transport.ts";
import { WsClient } from "../support/ws_client.ts";

const PACE_MS = 5;
const HEALTH = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

/** Clients that ask again and again until they are told to end. */
class Clients {
  answers = 0;
  /** Answers that said that their connection ends. */
  closes = 0;
  readonly faults: unknown[] = [];
  readonly #running: Promise<void>[] = [];
  readonly #kept = new Set<HttpConnection>();
  #isEnding = false;

  /** Asks as `ask` does, until the end. */
  add(ask: () => Promise<unknown>): void {
    this.#running.push(this.#repeat(ask));
  }

  /** Asks on connections that are kept until the server ends them. */
  addKept(server: Server): void {
    let connection: HttpConnection | undefined;
    this.add(async () => {
      connection ??= await HttpConnection.open(server);
      this.#kept.add(connection);
      await connection.send(HEALTH);
      if (field(await connection.answer(), "connection") !== "close") return;
      this.closes++;
      await connection.expectEnd();
      connection[Symbol.dispose]();
      this.#kept.delete(connection);
      connection = undefined;
    });
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await Promise.all(this.#running);
    for (const connection of this.#kept) connection[Symbol.dispose]();
  }

  async #repeat(ask: () => Promise<unknown>): Promise<void> {
    try {
      // Paced: connections are idle at times, and the new server gets time to start.
      for (; !this.#isEnding; this.answers++) await ask().then(() => hold(PACE_MS));
    } catch (error) {
      this.faults.push(error);
    }
  }
}

/** A client of channels, and the close that it gets. */
async function channelClient(server: Server): Promise<WsClient> {
  const client = await WsClient.open(`${server.wsUrl}/connection/websocket`);
  client.send('{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"chat"}}');
  let text = "";
  while (!text.includes('"id":2')) text += await client.nextText();
  return client;
}

/** Its subscription goes on. */
async function isSubscribed(client: WsClient): Promise<void> {
  client.send('{"id":3,"publish":{"channel":"chat","data":"still"}}');
  let text = "";
  while (!text.includes('"data":"still"')) text += await client.nextText();
  await client[Symbol.asyncDispose]();
}

/** What TLS knows of a connection cannot be moved. */
async function isClosed({ closed }: WsClient): Promise<void> {
  assertEquals((await closed).code, 1012);
}

async function goesOn(client: WsClient): Promise<void> {
  client.send("still");
  assertEquals(await client.nextText(), "still");
  await client[Symbol.asyncDispose]();
}

/** A stream of a channel; fulfilled with its answer when it has begun. */
async function stream(server: Server): Promise<Response> {
  const response = await fetch(`${server.url}/channels/sse?channel=chat`);
  assertEquals(response.status, 200);
  return response;
}

/** Echoes one message on a WebSocket of its own. */
async function echoes(server: Server): Promise<void> {
  const client = await WsClient.open(`${server.wsUrl}/echo`);
  client.send("x");
  assertEquals(await client.nextText(), "x");
  await client[Symbol.asyncDispose]();
}

/** Whether a process handles signals by itself: for SIGTERM, Deno does before. */
async function handlesSignals(pid: number): Promise<boolean> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const [, mask = "0"] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  return (BigInt(`0x${mask}`) >> 11n & 1n) === 1n; // SIGUSR2
}

const IGNORED = OVER_DENO_TRANSPORT;

Deno.test({
  name:
    "upgrade: under load no request fails, WebSockets and streams go on or come back, and what cannot start changes nothing",
  ignore: IGNORED,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
    const config = `${folder}/config.toml`;
    const write = (text: string) => Deno.writeTextFile(config, text);
    await write("");
    const args = ["--config", config, "--channels-insecure"];
    const times = ["--upgrade-spread", "1s", "--drain-timeout", "2s"];
    await withAdmin({ workers: 2, args: [...args, ...times] }, async (server, adminUrl) => {
      using lineage = new Lineage(server);
      const clients = new Clients();
      for (let i = 0; i < 4; i++) clients.addKept(server);
      clients.add(() => ask(server, HEALTH));
      clients.add(async () => {
        const response = await fetch(`${adminUrl}/readyz`, { headers: { connection: "close" } });
        assertEquals(await response.text(), "ready");
      });

      await write('max-body = "x"');
      await lineage.refuses("max-body", "this server serves on");
      await write('root = "/no/such/folder"');
      await lineage.refuses("/no/such/folder", "this server serves on");
      assertEquals(clients.faults, []);

      await write("max-body = 7");
      const sockets = await Promise.all(
        Array.from({ length: 8 }, () => WsClient.open(`${server.wsUrl}/echo`)),
      );
      const channels = await channelClient(server);
      const events = await stream(server);
      const first = lineage.pid;
      const { closes } = clients;
      const starts = () => server.stdout.split("is starting").length;
      const startsBefore = starts();
      Deno.kill(first, "SIGUSR2");
      // Signals that come at once are one.
      await waitFor(() => starts() > startsBefore, { what: "the start" });
      await lineage.refuses("SIGUSR2 is ignored");
      await waitFor(() => server.stdout.includes("upgraded"), { what: "the new server" });
      lineage.pid = Number(/upgraded: process (\d+)/.exec(server.stdout)?.[1]);
      await Promise.all(sockets.map(OVER_TLS ? isClosed : goesOn));
      if (OVER_TLS) {
        assertEquals((await channels.closed).code, 3001);
        await events.text(); // to its proper end
        await waitFor(() => clients.closes >= closes + 4, { what: "the ends of kept connections" });
      } else await isSubscribed(channels);
      await echoes(server);
      const tooLarge = await fetch(`${server.url}/echo`, { method: "POST", body: "12345678" });
      assertEquals([tooLarge.status, await tooLarge.text() !== ""], [413, true]);

      for (let i = 0; i < 2; i++) await lineage.upgrade();
      await waitFor(() => !isAlive(first), { what: "the end of the first server" });
      const { answers } = clients;
      await waitFor(() => clients.answers > answers + 100, { what: "answers of the last server" });
      await clients.end();
      assertEquals(clients.faults, []);
      assertStringIncludes(await server.log(), "this server serves on");
      await lineage.stop();
      if (!OVER_TLS) await events.text(); // it has gone on until then
    });
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name:
    "upgrade: the file of a Unix socket stays, and goes with the last server; the command says which process serves",
  ignore: IGNORED,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
    const path = `${folder}/socket`;
    const args = ["--unix", path, "--upgrade-spread", "0", "--drain-timeout", "1s"];
    await withServer({ workers: 1, args }, async (server) => {
      using lineage = new Lineage(server);
      const { code, stdout, stderr } = await runServer(["upgrade", String(server.pid)]);
      assertEquals(code, 0, stderr);
      const [, pid] = /^process (\d+) serves; process (\d+) finishes/.exec(stdout) ?? [];
      lineage.pid = Number(pid);
      await waitFor(() => server.stdout.includes(`upgraded: process ${pid} serves`), {
        what: () => `process ${pid} in ${server.stdout}`,
      });
      if (isAlive(server.pid)) {
        const again = await runServer(["upgrade", String(server.pid)]);
        assertEquals(again.code, 1);
        assertMatch(again.stderr, /has a successor already, process|there is no process/);
      }
      await waitFor(() => !isAlive(server.pid), { what: "the end of the first server" });
      using connection = await Deno.connect({ transport: "unix", path });
      await connection.write(new TextEncoder().encode(HEALTH));
      const answer = new Uint8Array(1024);
      const length = await connection.read(answer);
      assertStringIncludes(new TextDecoder().decode(answer.subarray(0, length!)), "200 OK");
      await lineage.stop();
      assert(!await Deno.stat(path).then(() => true, () => false), "the file was left");
    });
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: "upgrade: the command fails if the new server cannot start",
  ignore: IGNORED,
  fn: async () => {
    const config = await Deno.makeTempFile({ suffix: ".toml", prefix: "async-deno-test-" });
    try {
      await withServer({ workers: 1, args: ["--config", config] }, async (server) => {
        await Deno.writeTextFile(config, 'max-body = "x"');
        const { code, stdout, stderr } = await runServer(["upgrade", String(server.pid)]);
        assertEquals([code, stdout], [1, ""]);
        assertStringIncludes(stderr, `process ${server.pid} says why`);
        await waitFor(() => server.stderr.includes("max-body"), { what: () => server.stderr });
        await echoes(server);
        // One that is stopped before it is ready takes nothing over.
        await Deno.writeTextFile(config, "");
        server.kill("SIGUSR2");
        const started = () => [...server.stdout.matchAll(/process (\d+) is starting/g)].at(1)?.[1];
        const pid = Number(await waitFor(started, { what: "the start of a new server" }));
        await waitFor(() => handlesSignals(pid), { what: "its handlers of signals" });
        Deno.kill(pid, "SIGTERM");
        await waitFor(() => server.stderr.includes("was stopped while it started"), {
          what: () => server.stderr + server.stdout,
        });
        await echoes(server);
        assertEquals((await server.stop()).code, 0);
      });
    } finally {
      await Deno.remove(config);
    }
  },
});

Deno.test("upgrade: the command sends nothing to a process that the signal would end", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "await new Promise((resolve) => setTimeout(resolve, 60_000))"],
    cwd: REPOSITORY,
    stdin: "null",
  }).spawn();
  try {
    const { code, stderr } = await runServer(["upgrade", String(child.pid)]);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "which would end it");
    assert(isAlive(child.pid));
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
});
