/** How the driver gets to a real redis-server: TLS, a Unix socket, users with few rights, databases; and what it says if it cannot. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { checkEngine } from "../../../../../runtime/cli/startup_faults.ts";
import { CHANNEL_OPTIONS, NO_TOKENS } from "../../../../../runtime/config/mod.ts";
import { redisAddress } from "../../../../../runtime/serve/engine/redis/redis_address.ts";
import { inspectServer } from "../../../../../runtime/serve/engine/redis/mod.ts";
import { Authority, OPENSSL } from "../../../../support/certificates.ts";
import { attemptAt, EngineNode, publicationOf } from "../../../../support/engine_node.ts";
import { engineConfig } from "../../../../support/engines.ts";
import { freePort } from "../../../../support/free_port.ts";
import { NO_REDIS, REDIS_SERVER, RedisEngine } from "../../../../support/redis_engine.ts";
import { waitFor } from "../../../../support/wait_for.ts";

/** The commands of docs/channels/engine.md. */
const RIGHTS = /'(-@all [^']+)'/.exec(
  Deno.readTextFileSync(new URL("../../../../../docs/channels/engine.md", import.meta.url)),
)![1]!.replaceAll("async-deno:", "test:").split(/\s+/);

Deno.test("redis address: each form of a URL", () => {
  const none = { user: undefined, password: undefined, database: 0 };
  const rows: [string, ReturnType<typeof redisAddress>][] = [
    ["redis://a", { ...none, place: { host: "a", port: 6379 } }],
    ["redis://[::1]:1/3", { ...none, place: { host: "::1", port: 1 }, database: 3 }],
    [
      "redis://u%40x:p%3A@a",
      { ...none, place: { host: "a", port: 6379 }, user: "u@x", password: "p:" },
    ],
    ["rediss://a", { ...none, place: { host: "a", port: 6379, tls: { servername: "a", ca: "" } } }],
    ["rediss://127.0.0.1:2", { ...none, place: { host: "127.0.0.1", port: 2, tls: { ca: "" } } }],
    ["unix:///a/b.sock", { ...none, place: { path: "/a/b.sock" } }],
    [
      "redis+unix:///a%20b?db=2&user=c",
      { ...none, place: { path: "/a b" }, user: "c", database: 2 },
    ],
  ];
  for (const [url, expected] of rows) assertEquals(redisAddress(url, ""), expected, url);
});

Deno.test({
  name: `redis access: TLS, Unix sockets, users, databases${NO_REDIS}`,
  ignore: REDIS_SERVER === undefined || OPENSSL === undefined,
  async fn(t) {
    await using authority = await Authority.make();
    const { cert, key } = await authority.sign("redis");
    const tlsPort = freePort();
    const socket = `${authority.folder}/redis.sock`;
    await using engine = await RedisEngine.start({
      args: ["--tls-port", `${tlsPort}`, "--tls-cert-file", cert, "--tls-key-file", key]
        .concat(["--tls-ca-cert-file", authority.file, "--tls-auth-clients", "no"])
        .concat(["--unixsocket", socket, "--bind", "127.0.0.1", "127.0.0.2"]),
    });
    await engine.command("ACL", "SETUSER", "app", "on", ">secret", ...RIGHTS);
    const { port } = engine;
    const password = "secret";

    await t.step("each way in, with the rights of the documentation", async () => {
      const { pem: ca } = authority;
      for (
        const url of [
          `redis://app@127.0.0.1:${port}`,
          `rediss://app@127.0.0.1:${tlsPort}`,
          `rediss://app@localhost:${tlsPort}`,
          `unix://${socket}?user=app`,
        ]
      ) {
        const more = url.startsWith("rediss:") ? { ca, password } : { password };
        assertEquals(await attemptAt(url, more), { reason: undefined, warnings: [] }, url);
        await using one = await EngineNode.start(url, more);
        await one.driver.listen("c");
        const stored = await one.driver.publish("c", publicationOf(url));
        assertEquals(stored.status, "stored", JSON.stringify(stored));
        await waitFor(() => one.texts.includes(url), { what: `the message over ${url}` });
        const member = { client: "a", user: "", info: new Uint8Array(1), announce: true };
        assertEquals((await one.driver.join("c", member)).status, "joined");
        assertEquals((await one.driver.leave("c", "a")).status, "done");
        assertEquals((await one.driver.removeHistory("c")).status, "done");
        assertEquals(one.warnings, []);
      }
    });

    await t.step("what is wrong is said", async () => {
      const plain = `127.0.0.1:${port}`;
      const rows: [string, { password?: string; ca?: string }, string][] = [
        [`redis://app@${plain}`, { password: "wrong" }, "the user or the password is wrong"],
        [`redis://nobody@${plain}`, { password }, "the user or the password is wrong"],
        [`redis://${plain}`, { password }, "the server asks for no password"],
        [`redis://${plain}/99`, {}, "DB index is out of range"],
        [`redis://127.0.0.1:${tlsPort}`, {}, "a port for TLS needs rediss://"],
        [`rediss://127.0.0.1:${tlsPort}`, {}, "signed by no known authority: engine_ca_file"],
        [`rediss://127.0.0.2:${tlsPort}`, { ca: authority.pem }, "ertificate"],
        [`unix://${socket}.not`, {}, "ENOENT"],
      ];
      for (const [url, more, text] of rows) {
        const { reason = "no fault" } = await attemptAt(url, more);
        assertStringIncludes(reason, text, url);
      }
    });

    await t.step("rights that are missing are listed, at the start and later", async () => {
      const user = (...rules: string[]) =>
        engine.command("ACL", "SETUSER", "app", "reset", "on", ">secret", ...RIGHTS, ...rules);
      const rows: [string[], string][] = [
        [["-xadd", "-sadd", "-get"], "the user lacks rights: GET, SADD, XADD ("],
        [["resetchannels"], "the user lacks rights: its publish/subscribe channels ("],
        [["resetkeys"], "the user lacks rights: its keys ("],
        [["-client"], ""],
      ];
      for (const [rules, text] of rows) {
        await user(...rules);
        const { reason: fault = "" } = await attemptAt(`redis://app@127.0.0.1:${port}`, {
          password,
        });
        assertEquals(fault.slice(0, text.length), text, fault);
        assertEquals(fault === "", text === "", fault);
      }
      await user();
      await using node = await EngineNode.start(`redis://app@127.0.0.1:${port}`, { password });
      await user("-xadd");
      assertEquals((await node.driver.publish("c", publicationOf("no"))).status, "unavailable");
      await waitFor(() => node.warnings.some((text) => text.includes("lacks rights: XADD")), {
        what: "a warning that names the right",
      });
      await user();
      await node.waitFor("up");
    });

    await t.step("a look at the server finds what it is, and leaves nothing", async () => {
      const common = { prefix: "test:", timeoutMs: 5000, password };
      const keys = await engine.command("DBSIZE");
      const found = await inspectServer({ ...common, url: `redis://app@127.0.0.1:${port}` });
      assertMatch(found.text, /^Redis \d+\.\d+\.\d+, maxmemory-policy noeviction$/);
      assertEquals([found.fault, found.warning], [undefined, undefined]);
      assertEquals(await engine.command("DBSIZE"), keys);
      const wrong = await inspectServer({ ...common, url: `redis://no@127.0.0.1:${port}` });
      assertStringIncludes(wrong.fault ?? "", "the user or the password is wrong");
    });

    await t.step("what --check says", async () => {
      const check = (url: string) =>
        checkEngine({
          channels: {
            options: CHANNEL_OPTIONS,
            namespaces: {},
            allowAnonymousConnect: true,
            token: NO_TOKENS,
            apiKey: undefined,
            engine: engineConfig({ url }),
          },
        });
      const { text, warnings, faults } = await check(engine.url);
      assertMatch(text!, /^Redis [\d.]+, maxmemory-policy noeviction, at redis:\/\/127/);
      assertEquals([warnings, faults], [[], []]);
      await engine.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
      assertMatch((await check(engine.url)).warnings[0]!, /allkeys-lru.*set noeviction/);
      const lost = await check("redis://127.0.0.1:1");
      assertEquals([lost.text, lost.faults.length], [null, 1]);
      assertMatch(lost.faults[0]!, /^the engine cannot be used: connect ECONNREFUSED/);
      assertEquals(await checkEngine({ channels: undefined }), {
        text: null,
        warnings: [],
        faults: [],
      });
      await engine.command("CONFIG", "SET", "maxmemory-policy", "noeviction");
    });

    await t.step("two databases do not hear each other", async () => {
      await using zero = await EngineNode.start(engine.url);
      await using two = await EngineNode.start(`${engine.url}/2`);
      for (const node of [zero, two]) await node.driver.listen("d");
      for (const [i, node] of [zero, two].entries()) {
        const { offset } = await node.driver.publish("d", publicationOf(`${i}`)) as {
          offset: number;
        };
        assertEquals(offset, 1);
      }
      await zero.driver.publish("d", publicationOf("end"));
      await waitFor(() => zero.texts.includes("end"), { what: "the last message" });
      await waitFor(() => two.texts.length > 0, { what: "the message of database 2" });
      assertEquals([zero.texts, two.texts], [["0", "end"], ["1"]]);
      assert((await engine.command("-n", "2", "KEYS", "m{test:d}")).includes("m{test:d}"));
    });
  },
});
