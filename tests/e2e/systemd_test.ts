/**
 * The unit that `async-deno systemd` prints, under a real systemd: it starts, reloads, is upgraded with open WebSockets, finishes what is
 * open when it is stopped, also after an upgrade, and is started again when it fails, also while the old server is still there.
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { OwnSystemd } from "../support/own_systemd.ts";
import { encodeFrame, handshakeRequest, OPCODE } from "../support/raw_websocket.ts";
import { REPOSITORY, waitFor, within } from "../support/server.ts";

/** From source there is no file that a unit could run. */
const EXECUTABLE = Deno.env.get("ASYNC_DENO_EXECUTABLE");
const SOCKET = "/run/async-deno/socket";
const CONFIG = "/etc/async-deno.toml";
const UNIT = `async-deno systemd --config ${CONFIG}`;

/** A connection to the server. */
class Client implements Disposable {
  readonly #conn: Deno.UnixConn;

  private constructor(conn: Deno.UnixConn) {
    this.#conn = conn;
  }

  static async open(systemd: OwnSystemd): Promise<Client> {
    return new Client(await Deno.connect({ transport: "unix", path: systemd.file(SOCKET) }));
  }

  async send(data: string | Uint8Array): Promise<void> {
    await this.#conn.write(typeof data === "string" ? new TextEncoder().encode(data) : data);
  }

  /** What has come, once it has these words. */
  async expect(words: string): Promise<string> {
    let text = "";
    const bytes = new Uint8Array(4096);
    while (!text.includes(words)) {
      const count = await within(this.#conn.read(bytes), { what: () => `${words} in ${text}` });
      if (count === null) throw new Error(`the end instead of ${words}: ${text}`);
      text += new TextDecoder("latin1").decode(bytes.subarray(0, count));
    }
    return text;
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }
}

async function webSocket(systemd: OwnSystemd): Promise<Client> {
  const client = await Client.open(systemd);
  await client.send(handshakeRequest("/echo"));
  await client.expect("\r\n\r\n");
  return client;
}

async function echoes(client: Client, payload: string): Promise<void> {
  await client.send(encodeFrame({ opcode: OPCODE.text, payload }));
  await client.expect(payload);
}

/** A request whose body is not complete. */
async function unfinished(systemd: OwnSystemd): Promise<Client> {
  const client = await Client.open(systemd);
  // The answer to the first one proves that a worker has the connection.
  const head = "Host: a\r\nContent-Length: 10\r\n\r\n";
  await client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.expect("ok");
  await client.send(`POST /echo HTTP/1.1\r\n${head}12345`);
  return client;
}

async function finish(client: Client): Promise<void> {
  await client.send("67890");
  await client.expect("1234567890");
  client[Symbol.dispose]();
}

const MISSING = OwnSystemd.missing();
/** Rights cannot be installed: a machine without them has no such test, and a line that says why. */
const OBSTACLE = EXECUTABLE === undefined || MISSING !== "" ? "" : OwnSystemd.obstacle();
if (OBSTACLE !== "") console.warn(`no test of the unit under systemd: ${OBSTACLE}`);

if (EXECUTABLE !== undefined && OBSTACLE === "") {
  Deno.test({
    name: `systemd: the unit starts, is upgraded, stops and comes back as it says${
      MISSING && ` (skipped, to install it: ${MISSING})`
    }`,
    ignore: MISSING !== "",
    fn: async (t) => {
      await using systemd = await OwnSystemd.start(new URL(EXECUTABLE, REPOSITORY).pathname);
      const run = async (command: string) => {
        const { code, text } = await systemd.run(command);
        assertEquals(code, 0, `${command}\n${text}`);
        return text;
      };
      const show = (name: string) => run(`systemctl show async-deno --property=${name} --value`);
      const journal = (options = "") => run(`journalctl --unit=async-deno --output=cat ${options}`);
      const upgrade = async () => {
        const before = await show("MainPID");
        await run("systemctl kill --kill-whom=main --signal=USR2 async-deno");
        return await waitFor(async () => {
          const pid = await show("MainPID");
          return pid !== before && pid !== "0" && pid;
        }, { what: "another main process" });
      };
      const config = `workers = 1\nunix = "${SOCKET}"\nunix-mode = "666"\n`;
      const times = 'upgrade-spread = "30s"\ndrain-timeout = "5s"\n';
      await Deno.writeTextFile(systemd.file(CONFIG), config + times);
      await run(`cd / && ${UNIT} >${systemd.units}/async-deno.service && systemctl daemon-reload`);

      await t.step("starts, and reloads", async () => {
        await run("systemctl start async-deno");
        assertMatch(await show("StatusText"), /^Workers: 1 \| Socket: /);
        await run("systemctl reload async-deno");
        assertStringIncludes(await journal(), "reloaded: ");
      });

      await t.step("restarts, each a second later, never reach the limit of starts", async () => {
        const names = ["RestartUSec", "StartLimitIntervalUSec", "StartLimitBurst"];
        assertEquals(await Promise.all(names.map(show)), ["1s", "1min", "60"]);
      });

      await t.step("an upgrade: another main process, the same WebSocket", async () => {
        using client = await webSocket(systemd);
        await echoes(client, "before");
        await upgrade();
        await echoes(client, "after");
        await run("systemctl reload async-deno");
        assertEquals(await show("NRestarts"), "0");
      });

      await t.step("a stop after it finishes what is open", async () => {
        const processes = "cat /sys/fs/cgroup/system.slice/async-deno.service/cgroup.procs";
        await waitFor(async () => await run(processes) === await show("MainPID"), {
          what: "the end of the old server",
        });
        const client = await unfinished(systemd);
        const stopped = run("systemctl stop async-deno");
        await waitFor(async () => await show("ActiveState") === "deactivating", { what: "a stop" });
        await finish(client);
        await stopped;
        assertEquals(await show("Result"), "success");
      });

      await t.step(
        "the new server dies while the old one is busy: there is another one",
        async () => {
          await run("systemctl start async-deno");
          const client = await unfinished(systemd);
          const pid = await upgrade();
          await run(`kill -KILL ${pid}`);
          await waitFor(async () => (await journal()).includes("this one ends, too"), {
            what: "the old server's notice",
          });
          await finish(client);
          await waitFor(async () => await show("NRestarts") === "1", { what: "a restart" });
          await waitFor(async () => await show("ActiveState") === "active", { what: "its start" });
        },
      );

      await t.step("warnings are warnings in the journal, and a wrong option ends it", async () => {
        assertMatch(await journal("--priority=warning"), /^async-deno: process \d+, which/m);
        await Deno.writeTextFile(systemd.file(CONFIG), "workers = 1000");
        const { code } = await systemd.run("systemctl restart async-deno");
        assertEquals([code, await show("NRestarts")], [1, "0"]);
        assertMatch(await journal("--priority=err"), /^async-deno: workers .* must be/m);
        assertEquals((await journal()).includes("<4>"), false);
      });
    },
  });
}
