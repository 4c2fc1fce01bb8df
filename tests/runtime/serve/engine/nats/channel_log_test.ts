/** The records of a channel in a real stream: what is removed of them, and when. */

import { assert, assertEquals } from "@std/assert";
import {
  ChannelLog,
  type ClaimParts,
} from "../../../../../runtime/serve/engine/nats/channel_log.ts";
import { connectionPlaces } from "../../../../../runtime/serve/engine/nats/nats_address.ts";
import { NatsLink } from "../../../../../runtime/serve/engine/nats/nats_link.ts";
import { NatsNames } from "../../../../../runtime/serve/engine/nats/names.ts";
import { ensureStreams } from "../../../../../runtime/serve/engine/nats/streams.ts";
import { TrimMarks } from "../../../../../runtime/serve/engine/nats/trim_marks.ts";
import { publicationOf, withStatus } from "../../../../support/engine_node.ts";
import { NATS_SERVER, NatsEngine, NO_NATS } from "../../../../support/nats_engine.ts";
import { waitFor } from "../../../../support/wait_for.ts";

const ignore = NATS_SERVER === undefined;
const TIMEOUT_MS = 20_000;

/** A log on a link whose requests without an answer are sent by `release`. */
async function openLog(engine: NatsEngine) {
  const names = new NatsNames("test:");
  const server = { url: engine.url, timeoutMs: TIMEOUT_MS };
  const events = { isOneOfSeveral: false, message: () => {}, lost: () => {} };
  const link = await NatsLink.open(server, connectionPlaces(server)[0]!, events);
  const ask = (request: string, body?: unknown) => link.ask(request, body);
  link.keepMs = (await ensureStreams(ask, names, { isCluster: false })).keepMs;
  const log = new ChannelLog({ names, timeoutMs: TIMEOUT_MS });
  const held: (() => void)[] = [];
  const post = link.post.bind(link);
  link.post = (...request) => void held.push(() => post(...request));
  const claim = (): ClaimParts => ({
    proof: undefined,
    isDeep: false,
    inGrace: false,
    deadline: performance.now() + TIMEOUT_MS,
  });
  return {
    publish: (text: string, more = {}) =>
      log.publish(link, "c", publicationOf(text, more), claim()),
    offsets: async () => {
      const range = await log.range(link, "c", { limit: 1_000 });
      if (range === "unverified") throw new Error(range);
      return withStatus(range, "read").entries.map(({ offset }) => offset);
    },
    stored: async () => {
      const { state } = await ask(`STREAM.INFO.${names.stream("channels")}`) as {
        state: { messages: number };
      };
      return state.messages;
    },
    release: async () => {
      for (const send of held.splice(0)) send();
      await link.flush();
    },
    [Symbol.dispose]: () => link.close(),
  };
}

Deno.test({
  name: `channel log: a removal that comes late takes nothing of the history${NO_NATS}`,
  ignore,
  fn: async (t) => {
    await using engine = await NatsEngine.start();
    using log = await openLog(engine);

    await t.step("a history that is not full", async () => {
      const all = Array.from({ length: 60 }, (_, i) => i + 1);
      for (const i of all) await log.publish(`${i}`);
      await log.release();
      assertEquals(await log.offsets(), all);
    });

    await t.step("a history that is, and publications that are in none", async () => {
      for (let i = 0; i < 80; i++) {
        await log.publish("x", { historySize: 20 });
        const idempotencyKey = new TextEncoder().encode(`${i}`);
        await log.publish("live", { skipHistory: true, idempotencyKey });
      }
      await log.release();
      assertEquals(await log.offsets(), Array.from({ length: 20 }, (_, i) => 121 + i));
      // Those of the history, up to 16 before them, and the last one that is in none.
      await waitFor(async () => await log.stored() <= 37, { what: "the removal of the others" });
    });

    await t.step("no history", async () => {
      for (let i = 0; i < 40; i++) await log.publish("x", { historySize: 0 });
      await log.release();
      assertEquals(await log.offsets(), []);
      await waitFor(async () => await log.stored() <= 16, { what: "the removal of all but a few" });
      assert(await log.stored() > 0, "the newest record has the state of the channel");
    });
  },
});

Deno.test("trim marks: nothing that is shown is before them, also if other nodes write", () => {
  for (const size of [0, 1, 10, 64, 1_000]) {
    const marks = new TrimMarks();
    const offsets = new Map<number, number>();
    let bound = 0, most = 0;
    for (let offset = 1; offset <= 5_000; offset++) {
      const sequence = 3 * offset;
      offsets.set(sequence, offset);
      const first = Math.max(1, offset - size + 1);
      const own = offset % 7 !== 3; // the others are those of another node
      const passed = own ? marks.note("c", { epoch: "e-1", offset, first }, sequence) : undefined;
      if (passed === undefined) continue;
      assert(passed > bound && offsets.get(passed)! <= first, `${offset} of ${size}`);
      bound = passed;
      most = Math.max(most, offset - offsets.get(passed)!);
    }
    assert(most < size + 3 * Math.max(16, size / 4), `${most} of ${size}`);
  }
  const marks = new TrimMarks();
  marks.note("c", { epoch: "e-1", offset: 16, first: 1 }, 100);
  assertEquals(marks.note("c", { epoch: "e-2", offset: 1, first: 17 }, 101), undefined);
});
