/** What of the publications that an engine does not take is delivered by the server itself. */

import { assertEquals } from "@std/assert";
import { AS_DELTA } from "../../../../runtime/channels/mod.ts";
import type { Replica } from "../../../../runtime/channels/mod.ts";
import type { EnginePublishResult, EngineStatus } from "../../../../runtime/serve/engine/mod.ts";
import { KEEP_KEY_MS } from "../../../../runtime/serve/engine/kept_times.ts";
import { OfflineDelivery } from "../../../../runtime/serve/engine/offline_delivery.ts";
import { REQUEST } from "../../../../runtime/serve/engine/engine_request.ts";
import {
  RequestAnswers,
  type RequestAnswersParts,
} from "../../../../runtime/serve/engine/request_answers.ts";
import { publicationOf } from "../../../support/engine_node.ts";
import { textOf, utf8 } from "../../channels/stores.ts";

const ROOM = utf8("chat:room");

/** Records what is delivered. */
class Recording {
  readonly got: string[] = [];
  readonly replicas: Replica[] = [];
  status: "stored" | "absent" = "stored";

  replicate(_name: Uint8Array, replica: Replica) {
    this.replicas.push(replica);
    if (this.status === "stored") this.got.push(`${replica.offset} ${textOf(replica.data)}`);
    return this.status;
  }
}

/** Publishes by a request of a worker, at an engine with this status and this answer. */
async function publish(
  answer: EnginePublishResult,
  status: EngineStatus,
  { isAllowed = true, isAway = false } = {},
) {
  const store = new Recording();
  const place = {
    conductor: {
      open: () => Promise.resolve(false),
      positionOf: () => undefined,
      refused: () => {},
    },
    driver: { status, publish: () => Promise.resolve(answer), isAway: () => isAway },
    members: {},
  };
  const parts = {
    placeOf: () => place,
    peers: {},
    offline: isAllowed ? new OfflineDelivery(store) : undefined,
  } as unknown as RequestAnswersParts;
  const values = [ROOM, utf8('"x"'), utf8(""), 0, 10, 60_000, 0];
  const reply = await new RequestAnswers(parts).request(0, REQUEST.publish, values);
  return [...reply ?? [], ...store.got];
}

Deno.test("offline delivery: what the engine has certainly not taken, and only while it is away", async () => {
  const refused = { status: "unavailable", reason: "", mayBeDone: false } as const;
  const unknown = { ...refused, mayBeDone: true };
  const stored = { status: "stored", offset: 7, epoch: "e" } as const;
  assertEquals(await publish(refused, "lost"), ["busy", 0, "", '0 "x"']);
  assertEquals(await publish(refused, "lost", { isAllowed: false }), ["busy", 0, ""]);
  assertEquals(await publish(unknown, "lost"), ["busy", 0, ""]);
  assertEquals(await publish(refused, "up"), ["busy", 0, ""]);
  assertEquals(await publish(refused, "partial"), ["busy", 0, ""]);
  assertEquals(await publish(refused, "partial", { isAway: true }), ["busy", 0, "", '0 "x"']);
  assertEquals(await publish({ status: "full" }, "up"), ["full", 0, ""]);
  assertEquals(await publish(stored, "up"), ["stored", 7, "e"]);
});

Deno.test("offline delivery: an entry is as it was published, and has neither offset nor history", () => {
  const store = new Recording();
  const offline = new OfflineDelivery(store);
  offline.deliver(ROOM, publicationOf("a", { form: AS_DELTA, fields: utf8("{}") }));
  const { data: _, ...rest } = store.replicas[0]!;
  assertEquals(rest, {
    ...{ offset: 0, historySize: 0, historyTtlMs: 0 },
    ...{ form: AS_DELTA, fields: utf8("{}") },
  });
  assertEquals([store.got, offline.count], [["0 a"], 1]);
});

Deno.test("offline delivery: a key is delivered once in a channel, and what has a version is not", () => {
  const store = new Recording();
  let now = 0;
  const offline = new OfflineDelivery(store, () => now);
  const deliver = (text: string, key: string, name = ROOM) =>
    offline.deliver(name, publicationOf(text, { idempotencyKey: utf8(key) }));
  store.status = "absent";
  deliver("nobody is there", "a");
  store.status = "stored";
  deliver("1", "a");
  deliver("2", "a");
  deliver("3", "b");
  deliver("4", "a", utf8("chat:other"));
  // The same bytes, divided otherwise.
  deliver("5", "ma", utf8("chat:roo"));
  now = KEEP_KEY_MS;
  deliver("6", "a");
  const version = { version: 1, versionEpoch: utf8("") };
  offline.deliver(ROOM, publicationOf("7", { version }));
  assertEquals(store.got, ["0 1", "0 3", "0 4", "0 5", "0 6"]);
  assertEquals(offline.count, 5);
  for (let i = 0; i < 10_000; i++) deliver("x", `many ${i}`);
  deliver("8", "a");
  deliver("9", "many 9999");
  assertEquals(store.got.at(-1), "0 8", "the oldest key is forgotten, the newest is not");
});
