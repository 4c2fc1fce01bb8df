/**
 * More clients than descriptors, from the first moment: the server starts, survives, and serves after they have
 * left. A worker that dies at the limit is replaced. The soft limit is raised to the hard one, and a limit that
 * is too low is reported.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { withAdmin } from "../../support/admin.ts";
import { freePort } from "../../support/free_port.ts";
import { Authority, NO_OPENSSL, tlsArguments } from "../../support/certificates.ts";
import { ask, type Endpoint } from "../../support/http_client.ts";
import { countDescriptors, findProgram, isAlive } from "../../support/process_facts.ts";
import { REPOSITORY, runServer, waitFor, withServer } from "../../support/server.ts";
import { OVER_DENO_TRANSPORT } from "../../support/suite_transport.ts";

const PRLIMIT = findProgram("prlimit");
const MISSING = PRLIMIT === undefined ? " (skipped: no prlimit here, see package util-linux)" : "";
const REQUEST = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
/** Enough for two workers from source on Deno 2.4.2, which needs the most; far too few for all clients. */
const DESCRIPTORS = 80;
const CLIENTS = 200;

function limitTest(name: string, fn: () => Promise<void>, missing = MISSING): void {
  Deno.test({ name: `descriptors at the start: ${name}${missing}`, ignore: missing !== "", fn });
}

function limited(soft: number, hard = soft): string[] {
  return [PRLIMIT!, `--nofile=${soft}:${hard}`];
}

limitTest(
  "a server with more clients than descriptors from the first moment survives",
  () => survivesFlood([]),
);

limitTest("a TLS server with more clients than descriptors survives", async () => {
  await using authority = await Authority.make();
  await survivesFlood(tlsArguments(await authority.sign("one")), authority.pem);
}, MISSING + NO_OPENSSL);

limitTest("the same with the usual limit of 1,024 descriptors", async () => {
  await survivesFlood([], undefined, { descriptors: 1024, clients: 1200 });
});

async function survivesFlood(
  args: readonly string[],
  ca?: string,
  { descriptors, clients } = { descriptors: DESCRIPTORS, clients: CLIENTS },
): Promise<void> {
  const port = freePort();
  using flood = new Flood(port, clients);
  await withServer({ workers: 2, port, args, through: limited(descriptors) }, async (server) => {
    await waitFor(() => flood.connected === clients, { what: () => `${flood.connected} clients` });
    await waitFor(() => server.stderr.includes("cannot accept"), { what: "the warning" });
    flood.leave();
    const endpoint: Endpoint = { hostname: server.hostname, port, ...(ca && { ca }) };
    assertEquals((await ask(endpoint, REQUEST)).text, "ok");
    const { code, stderr } = await server.stop();
    assertEquals([code, /panic|died|Uncaught/.test(stderr)], [0, false], stderr);
  });
}

/** Clients that connect as soon as the server listens. */
class Flood implements Disposable {
  connected = 0;
  refused = 0;
  #left = false;
  readonly #open: Deno.Conn[] = [];

  constructor(port: number, clients = CLIENTS) {
    for (let i = 0; i < clients; i++) void this.#connect(port);
  }

  /** Closes all connections. */
  leave(): void {
    this.#left = true;
    for (const connection of this.#open.splice(0)) connection.close();
  }

  [Symbol.dispose](): void {
    this.leave();
  }

  async #connect(port: number): Promise<void> {
    while (!this.#left) {
      try {
        this.#open.push(await Deno.connect({ hostname: "127.0.0.1", port }));
        this.connected++;
        return;
      } catch (error) {
        const isRefused = error instanceof Deno.errors.ConnectionRefused ||
          error instanceof Deno.errors.ConnectionReset;
        if (!isRefused) throw error;
        this.refused++;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
  }
}

limitTest(
  "the address of --admin answers at the limit, and a flood of it does not end the server",
  async () => {
    const port = freePort();
    await withAdmin({ workers: 2, port, through: limited(96) }, async (server, adminUrl) => {
      const answers = async (url: string) => {
        const text = await fetch(`${url}/healthz`).then((answer) => answer.text(), () => "");
        return text.trim() === "ok";
      };
      using flood = new Flood(port);
      await waitFor(() => flood.connected === CLIENTS, {
        what: () => `${flood.connected} clients`,
      });
      await waitFor(() => server.stderr.includes("cannot accept"), { what: "the warning" });
      assert(await answers(adminUrl), "no answer at the limit");
      using another = new Flood(Number(new URL(adminUrl).port), 60);
      // Some are connected, and others are refused.
      const tried = () => another.connected + another.refused > 40;
      await waitFor(tried, { what: () => `${another.connected} and ${another.refused} clients` });
      flood.leave();
      another.leave();
      for (const url of [server.url, adminUrl]) {
        await waitFor(() => answers(url), { what: `an answer of ${url}` });
      }
      const { code, stderr } = await server.stop();
      assertEquals([code, /Uncaught/.test(stderr)], [0, false], stderr);
    });
  },
);

limitTest("a limit that is too low for the threads is an error that names both", async () => {
  const args = ["32", "127.0.0.1", "0", "--log", "off"];
  const { code, stderr } = await runServer(args, {}, limited(DESCRIPTORS));
  assertEquals(code, 1, stderr);
  assertMatch(stderr, /limit of 80 open files is too low for 32 workers, which need about \d+/);
  assertStringIncludes(stderr, "LimitNOFILE=");
});

limitTest(
  "--check says it as the start does, and both name max_requests of the proxy",
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
    try {
      const file = `${folder}/a.toml`;
      const proxy = 'connect_endpoint = "http://127.0.0.1:1/"\nmax_requests = 10000';
      await Deno.writeTextFile(file, `[channels.proxy]\n${proxy}\n`);
      const args = ["2", "127.0.0.1", "0", "--log", "off", "--config", file];
      const through = limited(256, 15_000);
      const said =
        /the limit of 15000 open files is too low for 2 workers, which need about 20\d\d\d, 20000 of them for max_requests = 10000 of \[channels.proxy\]: raise it \(.*\), lower max_requests, or start fewer workers/;
      const start = await runServer(args, {}, through);
      assertEquals(start.code, 1, start.stderr);
      const check = await runServer([...args, "--check"], {}, through);
      assertEquals(check.code, 2, check.stderr);
      assertMatch(start.stderr, said);
      assertEquals(said.exec(check.stderr)?.[0], said.exec(start.stderr)?.[0]);
      const one = await runServer(["1", ...args.slice(1), "--check"], {}, through);
      assertEquals(one.code, 0, one.stderr);
      assertMatch(one.stderr, /or lower --max-connections or max_requests of \[channels.proxy\]/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

limitTest("a limit that is too low to listen is the same error", async () => {
  let refused = 0;
  for (let limit = 20; limit < 40; limit++) {
    const args = ["1", "127.0.0.1", "0", "--log", "off"];
    const { stderr } = await runServer(args, {}, limited(limit));
    // At the lowest limits Deno itself does not start.
    if (!stderr.includes("async-deno: ")) continue;
    assertStringIncludes(stderr, `the limit of ${limit} open files is too low for 1 workers`);
    refused++;
  }
  assert(refused > 0, "the program never ran");
});

limitTest(
  "the soft limit is raised to the hard one",
  () =>
    withServer({ workers: 1, through: limited(256, 15_000) }, (server) => {
      const limits = Deno.readTextFileSync(`/proc/${server.pid}/limits`);
      assertMatch(limits, /^Max open files +15000 +15000 /m);
      return Promise.resolve();
    }),
);

limitTest(
  "a --max-connections above the descriptor limit causes a warning, at the start and by --check",
  async () => {
    const said =
      /--max-connections 5000: the limit of 1000 open files has room for about \d+ connections: raise/;
    const args = ["--max-connections", "5000"];
    await withServer({ workers: 1, args, through: limited(1000) }, async (server) => {
      await waitFor(() => said.test(server.stderr), { what: "the warning" });
      assertEquals((await server.stop()).code, 0);
    });
    const check = await runServer(["1", ...args, "--check"], {}, limited(256, 1000));
    assertEquals(check.code, 0, check.stderr);
    assertMatch(check.stderr, said);
    const enough = await runServer(["1", ...args, "--check"], {}, limited(256, 15_000));
    assertEquals([enough.code, enough.stderr], [0, ""]);
  },
);

limitTest("a worker that dies at the limit is replaced, again and again", async () => {
  const transport = OVER_DENO_TRANSPORT ? "deno" : "auto";
  const limit = 90;
  const args = ["run", "-A", "--no-check", "--quiet", "--lock=tests/deno.lock"];
  const program = "tests/support/handlers_program.ts";
  const child = new Deno.Command(PRLIMIT!, {
    args: [limited(limit)[1]!, Deno.execPath(), ...args, program, JSON.stringify({ transport })],
    cwd: REPOSITORY,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let [stdout, stderr] = ["", ""];
  const streams = Promise.all([
    readAll(child.stdout, (text) => stdout += text),
    readAll(child.stderr, (text) => stderr += text),
  ]);
  try {
    const port = await waitFor(() => Number(stdout) > 0 && Number(stdout), {
      what: () => `a port\n${stderr}`,
    });
    using clients = new Clients(port);
    for (let death = 1; death <= 3; death++) {
      await waitFor(() => {
        clients.forgetGone(); // over Deno's sockets those that waited for the dead worker, too, and not all at once
        // Enough clients for some to wait always: they take each descriptor that becomes free.
        clients.fillUp(2 * limit);
        return clients.answered.length > 0 && countDescriptors(child.pid) >= limit;
      }, { what: "the limit" });
      let doomed: Client | undefined;
      await waitFor(() => {
        // The first one may have been the dead worker's, and not have noticed it before.
        if (doomed === undefined || doomed.isGone) {
          doomed = clients.answered[0];
          void doomed?.ask("/dies");
        }
        return stderr.split(" died: ").length > death;
      }, { what: "a death" });
      await waitFor(() => clients.gone > 0, { what: "closed connections" });
    }
    clients[Symbol.dispose]();
    const endpoint = { hostname: "127.0.0.1", port };
    const request = "GET /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assertEquals((await ask(endpoint, request)).text, "now");
    assert(isAlive(child.pid));
    child.kill("SIGTERM");
    assertEquals((await child.status).code, 0, stderr);
  } finally {
    if (isAlive(child.pid)) child.kill("SIGKILL");
    await child.status;
    await streams;
  }
});

/** One connection, which sends a request and notes whether it was answered. */
class Client {
  isAnswered = false;
  isGone = false;
  readonly connection: Deno.Conn;

  constructor(connection: Deno.Conn) {
    this.connection = connection;
    void this.#read();
  }

  async ask(path: string): Promise<void> {
    const request = new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await this.connection.write(request).catch(() => this.isGone = true);
  }

  close(): void {
    if (!this.isGone) this.connection.close();
    this.isGone = true;
  }

  async #read(): Promise<void> {
    const bytes = new Uint8Array(1024);
    const read = () => this.connection.read(bytes).catch(() => null);
    while (await read() !== null) this.isAnswered = true;
    this.close();
  }
}

/** Many clients. */
class Clients implements Disposable {
  readonly #port: number;
  #all: Client[] = [];
  #opening = 0;

  constructor(port: number) {
    this.#port = port;
  }

  get answered(): Client[] {
    return this.#all.filter(({ isAnswered, isGone }) => isAnswered && !isGone);
  }

  get gone(): number {
    return this.#all.filter(({ isGone }) => isGone).length;
  }

  forgetGone(): void {
    this.#all = this.#all.filter(({ isGone }) => !isGone);
  }

  fillUp(count: number): void {
    for (let i = this.#all.length + this.#opening; i < count; i++) void this.#open();
  }

  [Symbol.dispose](): void {
    for (const client of this.#all.splice(0)) client.close();
  }

  async #open(): Promise<void> {
    const connect = () => Deno.connect({ hostname: "127.0.0.1", port: this.#port });
    // Over Deno's sockets a worker that dies closes its listener too.
    this.#opening++;
    const connection = await connect().catch(() => undefined);
    this.#opening--;
    if (connection === undefined) return;
    const client = new Client(connection);
    this.#all.push(client);
    await client.ask("/now");
  }
}

async function readAll(
  stream: ReadableStream<Uint8Array>,
  append: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  for await (const bytes of stream) append(decoder.decode(bytes, { stream: true }));
}
