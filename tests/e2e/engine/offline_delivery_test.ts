/**
 * Two servers of which the engine is killed, and then frozen: what is published meanwhile reaches the subscribers of one server, is never
 * called a success, and changes nothing in what all of them get afterwards.
 */

import { assertEquals } from "@std/assert";
import { API_KEY, Backend } from "../../support/channel_backend.ts";
import type { ChannelServer } from "../../support/channel_server.ts";
import { engineConfig, ENGINES } from "../../support/engines.ts";
import { waitFor, within } from "../../support/wait_for.ts";

const CHANNEL = "chat:room";
/** Two of a server, so that each worker may have one. */
const CLIENTS = 2;

/** A client, and what it has got. */
class Member {
  /** `<offset> <data>` */
  readonly got: string[] = [];
  /** Of each subscription: whether it has recovered. */
  readonly recoveries: boolean[] = [];
  readonly #client: ReturnType<ChannelServer["client"]>;

  constructor({ server }: Backend) {
    this.#client = server.client();
    const { centrifuge } = this.#client;
    const subscription = centrifuge.newSubscription(CHANNEL, {
      recoverable: true,
      positioned: true,
    });
    subscription.on(
      "publication",
      ({ offset = 0, data }) => void this.got.push(`${offset} ${data}`),
    );
    subscription.on("subscribed", ({ recovered }) => void this.recoveries.push(recovered));
    subscription.subscribe();
    centrifuge.connect();
  }

  connect(): void {
    this.#client.centrifuge.connect();
  }

  disconnect(): void {
    this.#client.centrifuge.disconnect();
  }

  async has(text: string): Promise<void> {
    await waitFor(() => this.got.some((each) => each.endsWith(` ${text}`)), {
      what: () => `the publication ${text}; there are ${this.got}`,
    });
  }

  async subscribed(times: number): Promise<void> {
    await waitFor(() => this.recoveries.length >= times, { what: "a subscription" });
  }
}

/** What the API answers. */
async function answerTo(backend: Backend, data: string, more = {}) {
  const response = await fetch(backend.url("/api/publish"), {
    method: "POST",
    headers: { "X-API-Key": API_KEY },
    body: JSON.stringify({ channel: CHANNEL, data, ...more }),
  });
  const { result, error } = await response.json();
  return (error === undefined ? result.offset : error.code) as number;
}

for (const { name: engineName, ignore, reason, start } of ENGINES) {
  Deno.test({
    name:
      `${engineName}: while the engine is away, publications reach the subscribers of one server${reason}`,
    ignore,
    async fn(t) {
      await using engine = await start({ keepsData: true });
      const config = { engine: { ...engineConfig(engine), offlineDelivery: true } };
      await using first = await Backend.start(config);
      await using second = await Backend.start(config);
      const here = Array.from({ length: CLIENTS }, () => new Member(first));
      const [there, absent] = [new Member(second), new Member(first)];
      const all = [...here, there, absent];
      for (const member of all) await member.subscribed(1);
      const stored: string[] = [];
      /** Publishes as soon as the engine is there; then everybody has it. */
      const publish = async (data: string, members = all) => {
        // A publication before that would be delivered by the second server, too.
        const isThere = () =>
          second.ask("history", { channel: CHANNEL }).then(() => true, () => false);
        await waitFor(isThere, { what: "the engine" });
        const offset = stored.length + 1;
        const isDone = async () =>
          await answerTo(second, data, { idempotency_key: data }) === offset;
        await waitFor(isDone, { what: `a confirmation of ${data}` });
        stored.push(`${offset} ${data}`);
        for (const member of members) await member.has(data);
      };
      let losses = 0;
      /** Publishes while the engine is away, as soon as the first server has noticed that. */
      const publishOffline = async (data: string) => {
        const { warnings } = first.server;
        const isLost = () => warnings.filter((text) => text.includes("is lost")).length > losses;
        await waitFor(isLost, { what: "the loss of the engine" });
        losses++;
        const requests: [string, Record<string, unknown>][] = [
          [data, { idempotency_key: data }],
          // Repeated, and delivered once; what has a version is not delivered.
          [data, { idempotency_key: data }],
          ["versioned", { version: 1 }],
          [`${data} end`, {}],
        ];
        for (const [text, more] of requests) assertEquals(await answerTo(first, text, more), 100);
        for (const member of here) await member.has(`${data} end`);
      };
      await publish("one");

      await t.step("killed", async () => {
        absent.disconnect();
        await engine.kill();
        await publishOffline("local");
        await engine.start();
        await publish("two", [...here, there]);
        absent.connect();
        await absent.has("two");
      });

      await t.step("frozen", async () => {
        engine.freeze();
        try {
          await publishOffline("frozen");
        } finally {
          engine.thaw();
        }
        await publish("three");
      });

      await t.step("what was refused can be published again", async () => {
        await publish("local");
        await within(first.publish(CHANNEL, "last"), { what: "an ordinary publication" });
        for (const member of all) await member.has("last");
      });

      const local = (data: string) => [`0 ${data}`, `0 ${data} end`];
      const [one, two, three, ...rest] = [...stored, `${stored.length + 1} last`];
      const inOrder = [one, two, three, ...rest];
      for (const { got, recoveries } of here) {
        assertEquals(got, [one, ...local("local"), two, ...local("frozen"), three, ...rest]);
        assertEquals(recoveries.length, 1, "nobody had to subscribe again");
      }
      assertEquals([there.got, there.recoveries.length], [inOrder, 1]);
      assertEquals(absent.got, [one, two, ...local("frozen"), three, ...rest]);
      // Each time; a busy machine may keep it away twice.
      assertEquals(new Set(absent.recoveries.slice(1)), new Set([true]));
    },
  });
}
