/**
 * One random operation on a store of channels, for tests of its invariants.
 *
 * In: the store of a thread, which is a worker, and the randomness. Out: nothing; the operation may be refused.
 */
import type { ChannelStore } from "../../../runtime/channels/mod.ts";
import type { Random } from "../../support/random.ts";
import { publication, TextSink, utf8 } from "./stores.ts";

const BOUNDS = { limit: 100_000, maxBytes: 2 ** 24 };

/** Runs the operation. */
export function randomOperation(store: ChannelStore, random: Random): void {
  const name = utf8(`channel-${random.below(30)}`);
  // No member and no key is in them.
  const followed = utf8(`followed-${random.below(5)}`);
  const data = "d".repeat(random.below(random.below(20) === 0 ? 1500 : 100));
  const client = utf8(`client-${random.below(20)}`);
  const actions: (() => unknown)[] = [
    () => store.publish(name, publication(data, { historySize: random.below(60) })),
    () => store.publish(name, publication(data, { idempotencyKey: client, historyTtlMs: 1000 })),
    () => {
      const version = { version: 1 + random.below(9), versionEpoch: client };
      return store.publish(
        name,
        publication(data, { version, skipHistory: random.below(9) === 0 }),
      );
    },
    () => store.subscribe(name),
    () => store.unsubscribe(name),
    () =>
      store.join(name, {
        client,
        user: utf8(data.slice(0, 3)),
        info: utf8(data.slice(0, 200)),
        announce: true,
      }),
    () => store.leave(name, client),
    () => store.recover(name, { offset: random.below(20) }, BOUNDS, new TextSink()),
    () => store.removeHistory(name),
    () => store.follow(followed, { epoch: `${random.below(3)}-a`, offset: random.below(9) }),
    () => store.replicate(followed, { ...publication(data), offset: random.below(20) }),
    () => store.lose(followed),
    () => store.unfollow(followed),
    () => store.subscribe(followed),
    () =>
      store.takeTokens([{ key: client, count: 2, time: 500 }, { key: name, count: 5, time: 9000 }]),
    () => store.sweep(0.1),
  ];
  // Publications are more frequent than the rest.
  actions[Math.min(random.below(30), random.below(actions.length))]?.();
}
