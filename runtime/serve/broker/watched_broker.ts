/**
 * A broker whose members somebody watches, whatever keeps the channels and whichever protocol the members speak.
 *
 * In: a broker, and who watches. Out: a broker that does the same. Who joins is told of before the broker answers: a client that leaves
 * meanwhile is told of after that.
 */

import type { Broker } from "./broker.ts";
import { whenThere } from "./soon.ts";

/** Watches the channels of the clients of one worker. */
export interface ChannelWatch {
  /** A channel has its first subscriber here. */
  occupied(name: string): void;
  /** Its last subscriber here has left. */
  vacated(name: string): void;
  /** A client of this worker becomes a member, perhaps for the second time. @param user empty: it has none */
  joined(name: Uint8Array, client: Uint8Array, user: Uint8Array): void;
  /** It is a member no more, if it was one. */
  left(name: Uint8Array, client: Uint8Array): void;
}

/** Tells `watch` who joins and leaves. */
export function watchedBroker(
  broker: Broker,
  watch: Pick<ChannelWatch, "joined" | "left">,
): Broker {
  return {
    publish: (name, publication) => broker.publish(name, publication),
    open: (name) => broker.open(name),
    ...(broker.recover === undefined ? {} : {
      recover: (...all: Parameters<NonNullable<Broker["recover"]>>) => broker.recover!(...all),
    }),
    history: (name, query, sink) => broker.history(name, query, sink),
    removeHistory: (name) => broker.removeHistory(name),
    join(name, member) {
      watch.joined(name, member.client, member.user);
      return whenThere(broker.join(name, member), (status) => {
        if (status !== "joined") watch.left(name, member.client);
        return status;
      });
    },
    rejoin: (name, client) => broker.rejoin(name, client),
    leave(name, client) {
      broker.leave(name, client);
      watch.left(name, client);
    },
    presence: (name, limit, visitor) => broker.presence(name, limit, visitor),
    presenceStats: (name) => broker.presenceStats(name),
  };
}
