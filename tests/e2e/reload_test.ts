/**
 * SIGHUP: a new certificate, changed headers, a renamed log, under wrk and 500 WebSockets. No connection
 * is dropped, none is refused, and the next handshake uses the new certificate.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { hashPassword } from "../../runtime/serve/auth/mod.ts";
import {
  Authority,
  type CertificateFiles,
  NO_OPENSSL,
  presentedName,
  tlsArguments,
} from "../support/certificates.ts";
import { ask, type Endpoint, field, HttpConnection } from "../support/http_client.ts";
import { isFile } from "../support/is_file.ts";
import { countDescriptors, findProgram } from "../support/process_facts.ts";
import { OPCODE, RawWebSocket } from "../support/raw_websocket.ts";
import { type Server, waitFor, within, withServer } from "../support/server.ts";
import { TLS_WAYS } from "../support/tls_ways.ts";

const WEB_SOCKETS = 500;
const AT_ONCE = 50;
const RELOADS = 4;
/** Requests, and connections that end, after each reload. */
const AT_LEAST = 50;
const REQUEST = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

const WRK = findProgram("wrk");
const MISSING = WRK === undefined ? " (skipped: no wrk here, see package wrk)" : NO_OPENSSL;

for (const way of TLS_WAYS) {
  Deno.test({
    name:
      `reload: a new certificate (TLS by ${way}), headers and log take effect under wrk and 500 WebSockets, and no connection is dropped${MISSING}`,
    ignore: MISSING !== "",
    fn: async () => {
      await using authority = await Authority.make();
      const { one, two, used } = await certificatesOf(authority);
      await setHeader(authority, 0);
      const args = [...tlsArguments(used), "--tls", way, "--config", configurationOf(authority)];
      await withServer({ workers: 4, args }, async (server) => {
        await reloadUnderLoad(server, authority, { names: [one, two], used });
        const { code, stderr } = await server.stop();
        assertEquals([code, withoutLostLines(stderr)], [0, ""]);
      });
    },
  });
}

async function reloadUnderLoad(
  server: Server,
  authority: Authority,
  { names, used }: { names: CertificateFiles[]; used: CertificateFiles },
): Promise<void> {
  const endpoint: Endpoint = { hostname: server.hostname, port: server.port, ca: authority.pem };
  using open = new DisposableStack();
  const sockets: RawWebSocket[] = [];
  while (sockets.length < WEB_SOCKETS) {
    const group = Array.from({ length: AT_ONCE }, () => RawWebSocket.open(endpoint, "/echo"));
    for (const socket of await Promise.all(group)) sockets.push(open.use(socket));
  }
  const page = open.use(await HttpConnection.open(endpoint));
  const header = async () => {
    await page.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    return field(await page.answer(), "X-Round");
  };
  assertEquals(await header(), "0");
  // One wrk that keeps its connections, and one that opens a new one for each request.
  await using kept = new Wrk(server, []);
  await using fresh = new Wrk(server, ["-H", "Connection: close"]);
  await server.waitForLog("route=/healthz", 1000);
  for (let round = 1; round <= RELOADS; round++) {
    const next = names[round % 2]!;
    await install(next, used);
    await setHeader(authority, round);
    await Deno.rename(server.logFile, `${server.logFile}.${round}`);
    server.kill("SIGHUP");
    const name = /(\w+)\.pem$/.exec(next.cert)?.[1];
    await waitFor(async () => await presentedName(server.port) === name, { what: `${name} shown` });
    await waitFor(() => isFile(server.logFile), { what: "a new log file" });
    await waitFor(async () => await header() === String(round), { what: `headers of ${round}` });
    await server.waitForLog("route=/healthz", AT_LEAST);
    await server.waitForLog("removing closed", AT_LEAST);
  }
  const told = await Promise.all([kept.end(), fresh.end()]);
  assertEquals(withoutLostLines(server.stderr), "");
  for (const said of told) {
    assert(!/Socket errors|Non-2xx/.test(said), said);
    assert(Number(/(\d+) requests in/.exec(said)?.[1]) >= AT_LEAST, said);
  }
  await Promise.all(sockets.map(expectEcho));
}

/** On a busy machine the thread that writes the log may get too little time. */
function withoutLostLines(stderr: string): string {
  return stderr.replaceAll(/^async-deno: \d+ lines? of the log dropped: .*\n/gm, "");
}

function configurationOf({ folder }: Authority): string {
  return `${folder}/site.toml`;
}

/** A page that is not in the folder is a 404, which also has the headers of the site. */
async function setHeader(authority: Authority, round: number): Promise<void> {
  const text = `root = "${authority.folder}"\nheader = ["X-Round: ${round}"]\n`;
  await Deno.writeTextFile(configurationOf(authority), text);
}

/** A wrk that runs until it is told to end: it takes all of the time of a core. */
class Wrk implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  #output: Promise<Deno.CommandOutput> | undefined;

  constructor(server: Server, args: readonly string[]) {
    this.#process = new Deno.Command(WRK!, {
      args: ["-t1", "-c16", "-d600", "--timeout", "10", ...args, `${server.url}/healthz`],
      stdout: "piped",
    }).spawn();
  }

  /** Ends it, and returns its summary. */
  async end(): Promise<string> {
    this.#process.kill("SIGINT");
    const { stdout } = await within(this.#output = this.#process.output(), { what: "its summary" });
    return new TextDecoder().decode(stdout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#output === undefined) {
      this.#process.kill("SIGKILL");
      this.#output = this.#process.output();
    }
    await this.#output;
  }
}

async function expectEcho(socket: RawWebSocket): Promise<void> {
  await socket.send({ opcode: OPCODE.text, payload: "still there" });
  assertEquals(new TextDecoder().decode((await socket.frame()).payload), "still there");
}

for (const way of TLS_WAYS) {
  Deno.test({
    name:
      `reload: invalid certificate files leave the old certificate in use, with one warning (TLS by ${way})${NO_OPENSSL}`,
    ignore: NO_OPENSSL !== "",
    fn: async () => {
      await using authority = await Authority.make();
      const { two, used } = await certificatesOf(authority);
      await withServer(
        { workers: 2, args: [...tlsArguments(used), "--tls", way] },
        async (server) => {
          await Deno.copyFile(two.cert, used.cert);
          server.kill("SIGHUP");
          await waitFor(() => server.stderr.includes("the old values stay in use"), {
            what: "a warning",
          });
          assertStringIncludes(server.stderr, `--tls-cert ${used.cert}`);
          assertEquals(server.stderr.trimEnd().split("\n").length, 1);
          assertEquals(await presentedName(server.port), "one");
          await Deno.copyFile(two.key, used.key);
          server.kill("SIGHUP");
          const shown = async () => await presentedName(server.port) === "two";
          await waitFor(shown, { what: "the new certificate" });
          await server.stop();
        },
      );
    },
  });
}

Deno.test({
  name: `reload: a log that cannot be opened does not prevent a new certificate${NO_OPENSSL}`,
  ignore: NO_OPENSSL !== "",
  fn: async () => {
    await using authority = await Authority.make();
    const used = { cert: `${authority.folder}/used.pem`, key: `${authority.folder}/used.key` };
    await install(await authority.sign("one"), used);
    await withServer({ workers: 2, args: tlsArguments(used) }, async (server) => {
      await Deno.rename(server.logFile, `${server.logFile}.1`);
      await Deno.mkdir(server.logFile);
      await install(await authority.sign("two"), used);
      server.kill("SIGHUP");
      const shown = async () => await presentedName(server.port) === "two";
      await waitFor(shown, { what: "the new certificate" });
      const said = () => server.stderr.includes("cannot write the log");
      await waitFor(said, { what: "a warning about the log" });
      await server.stop();
    });
  },
});

Deno.test("reload: after a rename the log continues in a new file, and is never truncated", () =>
  withServer({ workers: 2 }, async (server) => {
    await ask(server, REQUEST);
    await server.waitForLog("removing closed");
    const before = await server.log();
    const moved = `${server.logFile}.1`;
    await Deno.rename(server.logFile, moved);
    server.kill("SIGHUP");
    await waitFor(() => isFile(server.logFile), { what: "a new log file" });
    await ask(server, REQUEST);
    const log = await server.waitForLog("removing closed");
    assertEquals(await Deno.readTextFile(moved), before);
    // This time the file was not renamed: the log continues in it.
    server.kill("SIGHUP");
    await ask(server, REQUEST);
    const later = await server.waitForLog("removing closed", 2);
    assert(later.startsWith(log));
  }));

Deno.test("reload: headers and folder of the configuration file change, also on an open connection", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    const configure = (name: string) =>
      Deno.writeTextFile(
        `${folder}/a.toml`,
        `root = "${folder}/${name}"\nheader = ["X-Site: ${name}"]\n`,
      );
    for (const name of ["one", "two"]) {
      await Deno.mkdir(`${folder}/${name}`);
      await Deno.writeTextFile(`${folder}/${name}/index.html`, name);
    }
    await configure("one");
    const args = ["--config", `${folder}/a.toml`];
    await withServer({ workers: 2, args }, async (server) => {
      using kept = await HttpConnection.open(server);
      const get = async () => {
        await kept.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        const answer = await kept.answer();
        return [answer.text, field(answer, "X-Site")];
      };
      assertEquals(await get(), ["one", "one"]);
      await configure("two");
      server.kill("SIGHUP");
      await waitFor(async () => (await get())[0] === "two", { what: "the other folder" });
      assertEquals(await get(), ["two", "two"]);
      const before = countDescriptors(server.pid);
      for (const name of ["one", "two", "one", "two"]) {
        await configure(name);
        server.kill("SIGHUP");
        await waitFor(async () => (await get())[0] === name, { what: `folder ${name}` });
      }
      await waitFor(() => countDescriptors(server.pid) <= before, { what: "old folders closed" });
      await Deno.writeTextFile(`${folder}/a.toml`, "header = 7 7");
      server.kill("SIGHUP");
      await waitFor(() => server.stderr.includes("the old values stay in use"), {
        what: "a warning",
      });
      assertEquals(await get(), ["two", "two"]);
      await server.stop();
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("reload: a folder and passwords that were not there at the start take effect in every worker", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  const workers = 4;
  try {
    await Deno.writeTextFile(`${folder}/index.html`, "home");
    await Deno.writeTextFile(`${folder}/hash`, await hashPassword("secret"));
    const configure = (text: string) => Deno.writeTextFile(`${folder}/a.toml`, text);
    await configure("");
    await withServer({ workers, args: ["--config", `${folder}/a.toml`] }, async (server) => {
      using open = new DisposableStack();
      const kept: HttpConnection[] = [];
      // Enough connections for every worker to have some.
      while (kept.length < 32 * workers) kept.push(open.use(await HttpConnection.open(server)));
      const get = async (connection: HttpConnection, more = "") => {
        await connection.send(`GET / HTTP/1.1\r\nHost: a\r\n${more}\r\n`);
        const { status, text } = await connection.answer();
        return status === 200 ? text : String(status);
      };
      const all = async () => new Set(await Promise.all(kept.map((each) => get(each))));
      for (const answer of await all()) assertStringIncludes(answer, "<title>");
      await configure(`root = "${folder}"\nbasic-auth = ["me:${folder}/hash"]\n`);
      server.kill("SIGHUP");
      const asked = async () => (await all()).difference(new Set(["401"])).size === 0;
      await waitFor(asked, { what: "401 in all workers" });
      const credentials = `Authorization: Basic ${btoa("me:secret")}\r\n`;
      assertEquals(await get(kept[0]!, credentials), "home");
      await configure("");
      server.kill("SIGHUP");
      const isBack = async () => [...await all()].every((answer) => answer.includes("<title>"));
      await waitFor(isBack, { what: "the page in all workers" });
      await server.stop();
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("reload: options that need a restart are named, and the others take effect", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    const file = `${folder}/a.toml`;
    await Deno.writeTextFile(file, "max-body = 5\n");
    await withServer({ workers: 1, args: ["--config", file] }, async (server) => {
      await Deno.writeTextFile(file, 'max-body = 6\norigin = ["*"]\nendpoints = ["health"]\n');
      server.kill("SIGHUP");
      const gone = async () =>
        (await ask(server, REQUEST.replace("healthz", "echo"))).status === 404;
      await waitFor(gone, { what: "the endpoint to be switched off" });
      const said = "new values take effect only after a restart: --origin, --max-body\n";
      await waitFor(() => server.stderr.includes(said), { what: "a line about the rest" });
      assertEquals(server.stderr.trimEnd().split("\n").length, 1, server.stderr);
      await server.stop();
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("reload: a log that cannot be reopened leaves the old one in use", () =>
  withServer({ workers: 1 }, async (server) => {
    const moved = `${server.logFile}.1`;
    await Deno.rename(server.logFile, moved);
    await Deno.mkdir(server.logFile);
    server.kill("SIGHUP");
    await waitFor(() => server.stderr.includes("the old values stay in use"), {
      what: "a warning",
    });
    await ask(server, REQUEST);
    const logged = async () => (await Deno.readTextFile(moved)).includes("removing closed");
    await waitFor(logged, { what: "a line in the old file" });
    await server.stop();
  }));

/** Two certificates, and the files that the server uses: they contain the first one. */
async function certificatesOf(authority: Authority) {
  const one = await authority.sign("one");
  const two = await authority.sign("two");
  const used = { cert: `${authority.folder}/used.pem`, key: `${authority.folder}/used.key` };
  await install(one, used);
  return { one, two, used };
}

async function install(from: CertificateFiles, to: CertificateFiles): Promise<void> {
  await Deno.copyFile(from.cert, to.cert);
  await Deno.copyFile(from.key, to.key);
}
