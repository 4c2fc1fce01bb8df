/**
 * A Unix socket in place of an address, and a listening socket inherited as from systemd: with curl.
 * Only for the epoll transport: Deno's listeners cannot be shared by workers or made from descriptors.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ask } from "../support/http_client.ts";
import { findProgram } from "../support/process_facts.ts";
import { expectProgram } from "../support/program.ts";
import { runServer, withServer } from "../support/server.ts";
import { OVER_TLS } from "../support/suite_tls.ts";
import { OVER_DENO_TRANSPORT } from "../support/suite_transport.ts";

const CURL = findProgram("curl");
const PYTHON = findProgram("python3");
const REQUEST = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

/** Skipped on the Deno transport, where these options are refused. */
function nativeTest(name: string, program: string | undefined, fn: () => Promise<void>): void {
  if (OVER_DENO_TRANSPORT) return;
  const missing = program === undefined ? " (skipped: needs curl and python3)" : "";
  Deno.test({ name: `unix: ${name}${missing}`, ignore: program === undefined, fn });
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function curl(path: string, ...args: string[]): Promise<string> {
  return expectProgram(CURL!, ["-q", "-sS", "--max-time", "20", "--unix-socket", path, ...args]);
}

nativeTest(
  "serves on the socket with the file mode, and removes the file at the end",
  CURL,
  () =>
    inFolder(async (folder) => {
      const path = `${folder}/server.sock`;
      const args = ["--unix", path, "--unix-mode", "600"];
      await withServer({ workers: 2, args }, async (server) => {
        assertStringIncludes(server.banner, `Socket: ${path} `);
        assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
        assertEquals(await curl(path, "http://a/healthz"), "ok");
        assertEquals(await curl(path, "--data", "back", "http://a/echo"), "back");
      });
      assertEquals([...Deno.readDirSync(folder)], []);
    }),
);

nativeTest(
  "a stale socket is replaced; a socket in use or another file is not",
  CURL,
  () =>
    inFolder(async (folder) => {
      const path = `${folder}/server.sock`;
      await expectProgram("python3", [
        "-c",
        "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])",
        path,
      ]);
      assert((await Deno.lstat(path)).isSocket);
      await withServer({ workers: 1, args: ["--unix", path] }, async () => {
        assertEquals(await curl(path, "http://a/healthz"), "ok");
        const second = await runServer(["1", "--unix", path, "--log", "off"]);
        assertEquals(second.code, 1);
        const reason = `cannot listen on ${path}: another program listens there`;
        assertStringIncludes(second.stderr, reason);
        assertEquals(await curl(path, "http://a/healthz"), "ok");
      });
      await Deno.writeTextFile(path, "precious");
      const refused = await runServer(["1", "--unix", path, "--log", "off"]);
      assertEquals(refused.code, 1);
      assertStringIncludes(refused.stderr, `${path}: there is a file that is no socket; choose`);
      assertEquals(await Deno.readTextFile(path), "precious");
    }),
);

nativeTest(
  "the access log has a name for its clients, or the client that a trusted proxy names",
  CURL,
  () =>
    inFolder(async (folder) => {
      for (const [trust, address] of [[[], "unix"], [["--trust-proxy", "unix"], "192.0.2.1"]]) {
        const [path, log] = [`${folder}/${address}.sock`, `${folder}/${address}.log`];
        const args = ["--unix", path, "--access-log", log, ...trust!];
        await withServer({ workers: 1, args }, async () => {
          await curl(path, "-H", "X-Forwarded-For: 192.0.2.1", "http://a/healthz");
        });
        const line = await Deno.readTextFile(log);
        assertEquals(line.split(" ", 1)[0], address);
      }
    }),
);

nativeTest(
  "a server does not remove the socket of its successor",
  CURL,
  () =>
    inFolder(async (folder) => {
      const path = `${folder}/server.sock`;
      await withServer({ workers: 1, args: ["--unix", path] }, async (first) => {
        await Deno.remove(path);
        await withServer({ workers: 1, args: ["--unix", path] }, async () => {
          assertEquals((await first.stop()).code, 0);
          assertEquals(await curl(path, "http://a/healthz"), "ok");
        });
      });
    }),
);

nativeTest("invalid values of the Unix options are usage errors", CURL, async () => {
  const rows: [args: string[], said: RegExp][] = [
    [["--unix", "a".repeat(108)], /--unix must be a path of at most 107 bytes/],
    [["--unix", "a", "--unix-mode", "888"], /--unix-mode must be three octal digits/],
    [["--unix", "a", "--transport", "deno"], /--unix needs the epoll transport/],
  ];
  for (const [args, said] of rows) {
    const { code, stderr } = await runServer(args);
    assertEquals([code, said.test(stderr)], [2, true], stderr);
  }
});

/** What systemd does: a listening socket as descriptor 3, and two variables, in the process that executes the server. */
const HAND_OVER = `
import os, socket, sys
listener = socket.create_server(("127.0.0.1", 0))
if listener.fileno() != 3:
  os.dup2(listener.fileno(), 3)
  listener.close()
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS=sys.argv[1], LISTEN_PID=str(os.getpid()))
os.execvp(sys.argv[2], sys.argv[2:])
`;

nativeTest("an inherited socket is served", PYTHON, () => {
  const through = [PYTHON!, "-c", HAND_OVER, "1"];
  return withServer({ workers: 2, through }, async (server) => {
    assert(server.port > 0);
    for (let i = 0; i < 5; i++) assertEquals((await ask(server, REQUEST)).text, "ok");
  });
});

/** Servers that are not told of a Unix socket speak what the suite speaks. */
const SCHEME = OVER_TLS ? "https" : "http";

/** A first server on the same inherited socket; then a client connects while no server runs. */
const HAND_OVER_TWICE = `
import os, signal, socket, subprocess, sys
address = sys.argv[1] if "/" in sys.argv[1] else ("127.0.0.1", 0)
family = socket.AF_UNIX if "/" in sys.argv[1] else socket.AF_INET
listener = socket.socket(family)
listener.bind(address)
listener.listen()
def take_over():
  os.dup2(listener.fileno(), 3)
  os.set_inheritable(3, True)
  os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
first = subprocess.Popen(sys.argv[2:], stdout=subprocess.PIPE, preexec_fn=take_over, close_fds=False)
while b"Workers:" not in first.stdout.readline():
  pass
first.send_signal(signal.SIGTERM)
if first.wait(20) != 0:
  sys.exit("the first server ended badly")
client = socket.socket(family)
client.connect(listener.getsockname())
os.set_inheritable(client.fileno(), True)
take_over()
os.execvp(sys.argv[2], sys.argv[2:])
`;

for (const kind of ["address", "Unix socket"]) {
  nativeTest(
    `an inherited socket keeps listening for the next server: ${kind}`,
    PYTHON && CURL,
    () => {
      return inFolder(async (folder) => {
        const path = `${folder}/handed.sock`;
        const where = kind === "address" ? "address" : path;
        const through = [PYTHON!, "-c", HAND_OVER_TWICE, where];
        await withServer({ workers: 2, through }, async (server) => {
          if (kind === "address") assertEquals((await ask(server, REQUEST)).text, "ok");
          else assertEquals(await curl(path, `${SCHEME}://127.0.0.1/healthz`), "ok");
        });
      });
    },
  );
}
