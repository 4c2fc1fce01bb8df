/**
 * One of two servers of an engine is stopped for a while, and then killed: what the other one tells its clients, and what the
 * clients of the dead one get there. The servers are processes of their own, behind a relay as behind a load balancer.
 */

import { assert, assertEquals } from "@std/assert";
import { Centrifuge } from "npm:centrifuge@5.8.0";
import { OPEN } from "../../support/channel_options.ts";
import { Backend } from "../../support/channel_backend.ts";
import { OPEN_CHANNELS } from "../../support/channel_server.ts";
import { NodeSocket } from "../../support/node_socket.ts";
import { engineConfig, ENGINES, type TestEngine } from "../../support/engines.ts";
import { type Server, startServer } from "../../support/server.ts";
import { SlowPath } from "../../support/slow_path.ts";
import { waitFor } from "../../support/wait_for.ts";

const CHANNEL = "chat:room";
const CLIENTS = 3;
/** What is promised, and what a busy machine needs beyond that. */
const PROMISED_MS = 30_000;
const SPARE_MS = 30_000;
/** Milliseconds without a ping after which a client gives its connection up: not while its server is stopped. */
const PATIENCE = 120_000;

const NAMESPACE = `
[channels]
allow_anonymous_connect_without_token = true
engine = "ENGINE"
engine_prefix = "test:"

[channels.namespaces.chat]
presence = true
join_leave = true
force_push_join_leave = true
history_size = 1000
history_ttl = "10m"
allow_recovery = true
allow_positioning = true
allow_subscribe_for_client = true
allow_subscribe_for_anonymous = true
`;

/** The server that ends, as a process of its own. */
async function startDoomed({ url }: TestEngine): Promise<Server> {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    await Deno.writeTextFile(`${folder}/a.toml`, NAMESPACE.replace("ENGINE", url));
    return await startServer({ workers: 2, args: ["--config", `${folder}/a.toml`] });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The server that stays. */
function startSurvivor(engine: TestEngine): Promise<Backend> {
  const chat = { ...OPEN, joinLeave: true, forcePushJoinLeave: true };
  return Backend.start({
    engine: engineConfig(engine),
    namespaces: { ...OPEN_CHANNELS.namespaces, chat },
  });
}

/** A client, and what it has got. */
class Follower {
  readonly centrifuge: Centrifuge;
  /** Ids of its connections, the newest last. */
  readonly ids: string[] = [];
  /** Offsets and data of publications. */
  readonly got: string[] = [];
  /** Whether each subscription but the first has recovered. */
  readonly recoveries: boolean[] = [];
  readonly joined: string[] = [];
  readonly left: string[] = [];

  constructor(port: number) {
    this.centrifuge = new Centrifuge(`ws://127.0.0.1:${port}/connection/websocket`, {
      websocket: NodeSocket,
      minReconnectDelay: 10,
      maxReconnectDelay: 200,
      maxServerPingDelay: PATIENCE,
    });
    this.centrifuge.on("connected", ({ client }) => void this.ids.push(client));
    const subscription = this.centrifuge.newSubscription(CHANNEL, { recoverable: true });
    let isFirst = true;
    subscription.on("subscribed", ({ recovered }) => {
      if (!isFirst) this.recoveries.push(recovered);
      isFirst = false;
    });
    subscription.on("publication", ({ offset, data }) => void this.got.push(`${offset} ${data}`));
    subscription.on("join", ({ info }) => void this.joined.push(info.client));
    subscription.on("leave", ({ info }) => void this.left.push(info.client));
    subscription.subscribe();
    this.centrifuge.connect();
  }

  /** The id of its connection. */
  get id(): string {
    return this.ids.at(-1) ?? "";
  }
}

/** The ids that are present, sorted. */
async function present(backend: Backend): Promise<string> {
  const { presence } = await backend.ask("presence", { channel: CHANNEL });
  return Object.keys(presence).sort().join();
}

/** Waits until exactly these are present; returns after how long. */
async function waitForPresent(backend: Backend, followers: readonly Follower[]): Promise<number> {
  const start = performance.now();
  const ids = () => followers.map(({ id }) => id).sort().join();
  await waitFor(() => present(backend).then((all) => all === ids(), () => false), {
    what: () => `that ${ids()} are present`,
    timeoutMs: PROMISED_MS + SPARE_MS,
  });
  return performance.now() - start;
}

for (const { name: engineName, ignore, reason, start } of ENGINES) {
  Deno.test({
    name:
      `${engineName}: a server that is stopped enters its members again, and one that is killed leaves them to others${reason}`,
    ignore,
    async fn(t) {
      await using shared = await start();
      await using survivor = await startSurvivor(shared);
      await using doomed = await startDoomed(shared);
      await using relay = new SlowPath(doomed.port);
      const observer = new Follower(survivor.server.executor.address.port);
      const followers = Array.from({ length: CLIENTS }, () => new Follower(relay.port));
      const all = [observer, ...followers];
      let published = 0;
      const publish = async () => {
        const data = ++published;
        const request = { channel: CHANNEL, data, idempotency_key: `${data}` };
        await waitFor(() => survivor.ask("publish", request).then(() => true, () => false), {
          what: "a publication",
        });
      };
      const everybodyHasAll = async () => {
        const expected = Array.from({ length: published }, (_, i) => `${i + 1} ${i + 1}`);
        for (const { got } of all) {
          await waitFor(() => got.length >= expected.length, {
            what: () => `all; there is ${got}`,
          });
          assertEquals(got, expected);
        }
      };
      try {
        await waitForPresent(survivor, all);
        for (let i = 0; i < 3; i++) await publish();
        await everybodyHasAll();
        const first = followers.map(({ id }) => id).sort();

        await t.step("stopped: its members leave, and come back with it", async () => {
          doomed.kill("SIGSTOP");
          const took = await waitForPresent(survivor, [observer]);
          assert(took < PROMISED_MS + SPARE_MS / 2, `members left after ${took} ms`);
          await waitFor(() => observer.left.length >= CLIENTS, { what: "the leaves" });
          for (let i = 0; i < 3; i++) await publish();
          doomed.kill("SIGCONT");
          await waitForPresent(survivor, all);
          await everybodyHasAll();
          assertEquals(followers.map(({ id }) => id).sort(), first, "they stayed connected");
          assertEquals(observer.left.toSorted(), first);
        });

        await t.step(
          "killed: its members leave once, and its clients recover elsewhere",
          async () => {
            observer.left.length = 0;
            relay.lead(survivor.server.executor.address.port);
            await doomed.stop("SIGKILL");
            for (let i = 0; i < 3; i++) await publish();
            await waitFor(() => followers.every(({ id }) => !first.includes(id)), {
              what: "connections to the other server",
            });
            for (let i = 0; i < 3; i++) await publish();
            await everybodyHasAll();
            assert(followers.every(({ recoveries }) => recoveries.every(Boolean)), "all recovered");
            const took = await waitForPresent(survivor, all);
            assert(took < PROMISED_MS + SPARE_MS / 2, `members left after ${took} ms`);
            await waitFor(() => observer.left.length >= CLIENTS, { what: "the leaves" });
            // What was announced twice would have come before this publication.
            await publish();
            await everybodyHasAll();
            assertEquals(observer.left.toSorted(), first);
            const { nodes } = await survivor.ask("info", {});
            assertEquals([nodes.length, nodes[0].num_clients], [1, all.length]);
          },
        );
      } finally {
        for (const { centrifuge } of all) centrifuge.disconnect();
      }
    },
  });
}
