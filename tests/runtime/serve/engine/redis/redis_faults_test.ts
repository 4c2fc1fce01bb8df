/** What a real redis-server does to the driver when it is full, or forgets its scripts; see faults_test.ts. */

import { assert, assertEquals } from "@std/assert";
import {
  type RedisFault,
  redisFault,
} from "../../../../../runtime/serve/engine/redis/redis_faults.ts";
import {
  attemptAt,
  EngineNode,
  publicationOf,
  withStatus,
} from "../../../../support/engine_node.ts";
import { NO_REDIS, REDIS_SERVER, RedisEngine } from "../../../../support/redis_engine.ts";
import { waitFor } from "../../../../support/wait_for.ts";

const ignore = REDIS_SERVER === undefined;

async function publish(node: EngineNode, text: string, more = {}) {
  return await node.driver.publish("c", publicationOf(text, more));
}

/** The position of the channel `c`. */
async function position(node: EngineNode, proof?: Parameters<EngineNode["driver"]["state"]>[1]) {
  const { status: _, ...at } = withStatus(await node.driver.state("c", proof), "known");
  return at;
}

Deno.test("redis faults: errors of each kind", () => {
  const answer = (text: string) => Object.assign(new Error(text), { name: "ReplyError" });
  const rows: [unknown, RedisFault["kind"], boolean][] = [
    [answer("OOM command not allowed when used memory > 'maxmemory'. script: f_1"), "full", false],
    [
      answer("ERR Error running script (call to f_1): @user_script:9: -OOM command not allowed"),
      "full",
      false,
    ],
    [answer("NOSCRIPT No matching script. Please use EVAL."), "scripts", false],
    [answer("MOVED 3999 127.0.0.1:6381"), "moved", false],
    [answer("CLUSTERDOWN The cluster is down"), "moved", false],
    [answer("READONLY You can't write against a read only replica."), "lost", false],
    [answer("LOADING Redis is loading the dataset in memory"), "lost", false],
    [answer("NOREPLICAS Not enough good replicas to write."), "failed", false],
    [new Error("Command timed out"), "failed", true],
    [new Error("Connection is closed."), "failed", true],
    ["text", "failed", true],
  ];
  for (const [error, kind, mayBeDone] of rows) {
    const fault = redisFault(error);
    assertEquals([fault.kind, fault.mayBeDone], [kind, mayBeDone], fault.reason);
  }
});

Deno.test({
  name: `redis faults: out of memory is "full", and no offset is skipped${NO_REDIS}`,
  ignore,
  fn: async () => {
    await using engine = await RedisEngine.start();
    await using node = await EngineNode.start(engine.url);
    await node.driver.join("c", {
      client: "a",
      user: "",
      info: new Uint8Array(1),
      announce: false,
    });
    await publish(node, "1");
    const at = await position(node);
    await engine.command("CONFIG", "SET", "maxmemory", "1");
    const mores = [{}, { historySize: 0 }, {
      skipHistory: true,
      idempotencyKey: new Uint8Array(1),
    }];
    for (const more of mores) assertEquals((await publish(node, "full", more)).status, "full");
    const join = { client: "b", user: "", info: new Uint8Array(1), announce: false };
    assertEquals((await node.driver.join("c", join)).status, "full");
    assertEquals(await position(node), at, "a known channel can be read");
    assertEquals((await node.driver.state("new")).status, "full");
    assertEquals(await node.driver.leave("c", "a"), { status: "done" });
    assertEquals(node.driver.status, "up");
    await engine.command("CONFIG", "SET", "maxmemory", "0");
    assertEquals(await publish(node, "2"), { status: "stored", offset: 2, epoch: at.epoch });
    assertEquals(await node.history("c"), ["1", "2"]);
  },
});

Deno.test({
  name:
    `redis faults: a server that takes no writes is told of, once, and goes on later${NO_REDIS}`,
  ignore,
  fn: async () => {
    await using engine = await RedisEngine.start();
    await using node = await EngineNode.start(engine.url);
    await publish(node, "1");
    // The same as with a disk that is full, of which it says MISCONF.
    await engine.command("CONFIG", "SET", "min-replicas-to-write", "1");
    const refused = withStatus(await publish(node, "2"), "unavailable");
    assert(/NOREPLICAS/.test(refused.reason) && !refused.mayBeDone, refused.reason);
    await waitFor(() => node.warnings.length > 0, { what: "a warning" });
    assert(/cannot renew this node's lease.*NOREPLICAS/.test(node.warnings[0]!), node.warnings[0]);
    await engine.command("CONFIG", "SET", "min-replicas-to-write", "0");
    assertEquals((await publish(node, "2")).status, "stored");
    assertEquals([node.statuses, node.warnings.length], [["up"], 1]);
  },
});

Deno.test({
  name:
    `redis faults: scripts that are flushed under load are loaded again, and the order stays${NO_REDIS}`,
  ignore,
  fn: async () => {
    await using engine = await RedisEngine.start();
    await using node = await EngineNode.start(engine.url);
    const stored: string[] = [];
    const unsure = new Set<string>();
    let refused = 0;
    let isDone = false;
    const load = async () => {
      for (let number = 0; number < 200_000 && !isDone; number += 50) {
        const texts = Array.from({ length: 50 }, (_, i) => String(number + i));
        const results = await Promise.all(
          texts.map((text) => publish(node, text, { historySize: 100_000 })),
        );
        results.forEach((result, i) => {
          if (result.status === "stored") stored.push(texts[i]!);
          else if (result.status === "unavailable" && result.mayBeDone) unsure.add(texts[i]!);
          else refused++;
        });
      }
    };
    const loading = load();
    for (let flush = 1; flush <= 5; flush++) {
      const [before, count] = [refused, stored.length];
      await engine.command("SCRIPT", "FLUSH");
      await waitFor(() => refused > before && stored.length > count, { what: `flush ${flush}` });
    }
    isDone = true;
    await loading;
    assertEquals((await publish(node, "end", { historySize: 100_000 })).status, "stored");
    const found: string[] = [];
    for (let from = 1;;) {
      const page = withStatus(await node.driver.range("c", { from, limit: 5000 }), "read");
      found.push(...page.entries.map(({ data }) => new TextDecoder().decode(data)));
      if (!page.hasMore) break;
      from = page.entries.at(-1)!.offset + 1;
    }
    assertEquals(found.pop(), "end");
    const numbers = found.map(Number);
    assertEquals(numbers, numbers.toSorted((a, b) => a - b), "no publication overtook another one");
    assertEquals(found.filter((text) => !unsure.has(text)), stored);
  },
});

Deno.test({
  name: `redis faults: a listening connection that the server closes is found, and told${NO_REDIS}`,
  ignore,
  fn: async () => {
    await using engine = await RedisEngine.start();
    await using node = await EngineNode.start(engine.url);
    await engine.command("CLIENT", "KILL", "TYPE", "pubsub");
    await waitFor(() => node.statuses.length >= 3, { what: "lost and up again" });
    assertEquals(node.statuses, ["up", "lost", "up"]);
    await node.driver.listen("c");
    await publish(node, "1");
    await waitFor(() => node.texts.length === 1, { what: "the message" });
  },
});

Deno.test({
  name: `redis faults: why the first attempt failed, and what the server may lose${NO_REDIS}`,
  ignore,
  fn: async () => {
    await using engine = await RedisEngine.start({
      args: ["--requirepass", "secret", "--maxmemory-policy", "allkeys-lru"],
    });
    const attempt = (password?: string) =>
      attemptAt(engine.url, password === undefined ? {} : { password });
    const { reason: none, warnings } = await attempt("secret");
    assertEquals([none, warnings.length], [undefined, 1]);
    assert(warnings[0]!.includes("allkeys-lru"));
    assert(/NOAUTH.*engine_password_file/.test((await attempt()).reason ?? ""));
    assert(/WRONGPASS/.test((await attempt("wrong")).reason ?? ""));
    await engine.command("-a", "secret", "--no-auth-warning", "CONFIG", "SET", "maxclients", "1");
    using _held = await Deno.connect({ hostname: "127.0.0.1", port: engine.port });
    const full = (await attempt("secret")).reason ?? "";
    assert(/^(?:ERR max number of clients reached|.*ECONNRESET|.*EPIPE)/.test(full), full);
    await engine.kill();
    assert(/ECONNREFUSED|refused/.test((await attempt("secret")).reason ?? ""));
  },
});
