/**
 * The connected clients of one worker, by the names that backends give them.
 *
 * In: clients as they connect and leave. Out: those of a user, or one by its id.
 */

import type { Disconnect, Unsubscribe } from "../../../protocol/centrifuge/mod.ts";
import type { Channel } from "../channels/mod.ts";
import type { ClientOwner } from "./client.ts";
import type { ClientIdentity } from "./client_identity.ts";
import type { SubscriptionGrant, SubscriptionWish } from "./subscriptions.ts";

/** A connected client, as backends control it. */
export interface ControlledClient {
  readonly identity: ClientIdentity;
  /** Ends the connection. */
  disconnect(reason: Disconnect): void;
  /** Ends a subscription, and tells the client. */
  unsubscribe(channel: string, reason: Unsubscribe): void;
  /** Subscribes the client, and tells it. */
  subscribeByServer(channel: Channel, wish: SubscriptionWish, grant: SubscriptionGrant): void;
  /** Changes when the connection ends: seconds since 1970; undefined: it does not. */
  refreshByServer(expireAt: number | undefined): void;
}

/** Finds connected clients. */
export class ClientDirectory implements ClientOwner {
  readonly #byId = new Map<string, ControlledClient>();
  readonly #byUser = new Map<string, Set<ControlledClient>>();

  /** How many are connected. */
  get size(): number {
    return this.#byId.size;
  }

  /** How many users have a connected client; anonymous ones together are one. */
  get users(): number {
    return this.#byUser.size;
  }

  connected(client: ControlledClient): void {
    const { id, user } = client.identity;
    this.#byId.set(id, client);
    const others = this.#byUser.get(user);
    if (others === undefined) this.#byUser.set(user, new Set([client]));
    else others.add(client);
  }

  /** Removes a client, if it is there. */
  remove(client: ControlledClient): void {
    const { id, user } = client.identity;
    this.#byId.delete(id);
    const others = this.#byUser.get(user);
    if (others?.delete(client) && others.size === 0) this.#byUser.delete(user);
  }

  /** The clients of a user; with an id, that one alone, if it is the user's. */
  find(user: string, id: string): readonly ControlledClient[] {
    const all = [...this.#byUser.get(user) ?? []];
    return id === "" ? all : all.filter(({ identity }) => identity.id === id);
  }
}
