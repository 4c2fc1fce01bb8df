/** The driver finds its server by real sentinels, goes on after a failover, and says why it cannot find one. */

import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { inspectServer } from "../../../../../runtime/serve/engine/redis/mod.ts";
import { redisAddress } from "../../../../../runtime/serve/engine/redis/redis_address.ts";
import {
  attemptAt,
  EngineNode,
  publicationOf,
  withStatus,
} from "../../../../support/engine_node.ts";
import { freePort } from "../../../../support/free_port.ts";
import { NO_REDIS, REDIS_SERVER } from "../../../../support/redis_engine.ts";
import { RedisSentinels } from "../../../../support/redis_sentinels.ts";
import { waitFor } from "../../../../support/wait_for.ts";

const TIMEOUT_MS = 90_000;

Deno.test("redis address: sentinels and the name of their master", () => {
  const sentinels = [{ host: "a", port: 26379 }, { host: "::1", port: 2 }];
  const none = { user: undefined, password: undefined, database: 0 };
  assertEquals(redisAddress("redis+sentinel://a,[::1]:2/my%20m", "ca"), {
    ...none,
    place: { sentinels, name: "my m" },
  });
  assertEquals(redisAddress("rediss+sentinel://u@a,[::1]:2/m/3", "ca"), {
    ...none,
    user: "u",
    place: { sentinels, name: "m", tls: { ca: "ca" } },
    database: 3,
  });
});

Deno.test({
  name: `redis sentinels: what is wrong is said, and a failover is followed${NO_REDIS}`,
  ignore: REDIS_SERVER === undefined,
  async fn(t) {
    const sentinelPassword = "of-the-sentinels";
    await using group = await RedisSentinels.start({ password: sentinelPassword });
    const url = group.url();
    const master = await group.master();
    const free = freePort();

    await t.step("each refusal has its reason", async () => {
      const plain = `127.0.0.1:${master.port}`;
      const [first] = group.ports;
      const rows: [string, Parameters<typeof attemptAt>[1], string][] = [
        [url, { sentinelPassword: "x" }, "(the password of the sentinels is wrong"],
        [url, { sentinelPassword, sentinelUser: "x" }, "(the password of the sentinels is wrong"],
        [url, {}, "(the sentinels ask for a password: engine_sentinel_password_file)"],
        [
          group.url("other"),
          { sentinelPassword },
          'no sentinel knows a master with the name "other"',
        ],
        [
          `redis+sentinel://127.0.0.1:${free}/x`,
          {},
          `can be reached: 127.0.0.1:${free}: connect ECONN`,
        ],
        [`redis+sentinel://${plain}/x`, {}, "(it is a server and no sentinel: redis://HOST:PORT)"],
        [
          `redis+sentinel://${plain}/x`,
          { sentinelPassword },
          "(the sentinels ask for no password: remove engine_sentinel_password_…)",
        ],
        [
          `redis://127.0.0.1:${first}`,
          { password: sentinelPassword },
          "the server is a sentinel (",
        ],
        [
          url.replace("//", "//nobody@"),
          { sentinelPassword, password: "x" },
          `the master at ${plain}: WRONGPASS`,
        ],
        [url, { sentinelPassword, password: "x" }, "(the server asks for no password"],
      ];
      for (const [at, more, text] of rows) {
        const { reason = "no fault" } = await attemptAt(at, more);
        assertStringIncludes(reason, text, at);
      }
    });

    await t.step("one sentinel that answers is enough", async () => {
      const some = url.replace(/:\d+,/, `:${free},`).replace(/,[^,]*,/, `,127.0.0.1:${free},`);
      assertEquals((await attemptAt(some, { sentinelPassword })).reason, undefined);
      const found = await inspectServer({
        url,
        sentinelPassword,
        prefix: "test:",
        timeoutMs: 5000,
      });
      assertEquals(found.fault, undefined);
      assertStringIncludes(
        found.text,
        `, the master at 127.0.0.1:${master.port}, maxmemory-policy`,
      );
    });

    await using one = await EngineNode.start(url, { sentinelPassword, graceMs: TIMEOUT_MS });
    await using other = await EngineNode.start(url, { sentinelPassword });
    const member = { client: "m", user: "", info: new Uint8Array(1), announce: false };
    const publish = async (text: string) =>
      withStatus(await one.driver.publish("c", publicationOf(text)), "stored");
    const lastTag = () => {
      const message = one.messages.at(-1)!.message;
      return message.kind === "publication" ? message.tag : "";
    };
    const received = (text: string) =>
      waitFor(() => one.texts.at(-1) === text, { what: `the message ${text}` });
    /** Both have found the new master. */
    const back = async (dead: { readonly port: number }) => {
      for (const node of [one, other]) {
        await waitFor(() => node.driver.status === "up" && node.statuses.includes("lost"), {
          what: "the new master",
          timeoutMs: TIMEOUT_MS,
        });
        node.statuses.length = 0;
      }
      assertNotEquals((await group.master()).port, dead.port);
    };

    let epoch = "";
    await t.step(
      "what was replicated goes on in its epoch; members are entered again",
      async () => {
        await one.driver.listen("c");
        withStatus(await one.driver.join("c", member), "joined");
        ({ epoch } = await publish("a"));
        await received("a");
        await group.replicated();
        const dead = await group.failOver();
        await back(dead);
        const knows = { epoch, offset: 1, tag: lastTag() };
        const state = withStatus(await one.driver.state("c", knows), "known");
        assertEquals([state.epoch, state.offset], [epoch, 1]);
        await waitFor(() => one.membersLost === 1, { what: "members that are entered again" });
        withStatus(await one.driver.listen("c"), "done");
        assertEquals((await publish("b")).offset, 2);
        await received("b");
        await group.rejoin(dead);
      },
    );

    await t.step(
      "what was not replicated ends the epoch, also if another node comes first",
      async () => {
        const knew = { epoch, offset: 2, tag: lastTag() };
        await group.endReplication();
        for (const text of ["c", "d"]) await publish(text);
        await received("d");
        const knows = { epoch, offset: 4, tag: lastTag() };
        await back(await group.failOver());
        const early = withStatus(await other.driver.state("c", knew), "known");
        assertEquals([early.epoch, early.offset], [epoch, 2]);
        for (const text of ["e", "f", "g"]) {
          withStatus(await other.driver.publish("c", publicationOf(text)), "stored");
        }
        const late = withStatus(await one.driver.state("c", knows), "known");
        assert(late.epoch !== epoch && late.offset === 0, JSON.stringify(late));
      },
    );
  },
});
