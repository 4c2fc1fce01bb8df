/**
 * The connected clients of one worker, by the names that backends give them.
 *
 * In: clients as they connect and leave. Out: those of a user, or one by its id.
 */

import type { Disconnect, Unsubscribe } from "../../../protocol/centrifuge/mod.ts";
import type { Channel } from "../channels/mod.ts";
import type { ChannelMeter, ClientTransport } from "./channel_meter.ts";
import type { ClientOwner } from "./client.ts";
import type { ClientIdentity } from "./client_identity.ts";
import type { ConnectedUsers } from "./connected_users.ts";
import type { SubscriptionGrant, SubscriptionWish } from "./subscriptions.ts";

/** A connected client, as backends control it. */
export interface ControlledClient {
  readonly identity: ClientIdentity;
  /** How it is connected. */
  readonly transport: ClientTransport;
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
  readonly #meter: ChannelMeter;

  readonly #users: ConnectedUsers;

  /**
   * @param meter counts clients and their users; those without a user are one
   * @param users told of users as they come and go
   */
  constructor(meter: ChannelMeter, users: ConnectedUsers) {
    this.#meter = meter;
    this.#users = users;
  }

  connected(client: ControlledClient): void {
    const { id, user } = client.identity;
    this.#byId.set(id, client);
    this.#meter.clientConnected(client.transport);
    const others = this.#byUser.get(user);
    if (others !== undefined) return void others.add(client);
    this.#byUser.set(user, new Set([client]));
    this.#meter.userConnected();
    this.#users.enter(user);
  }

  /** Removes a client, if it is there. */
  remove(client: ControlledClient): void {
    const { id, user } = client.identity;
    if (!this.#byId.delete(id)) return;
    this.#meter.clientLeft(client.transport);
    const others = this.#byUser.get(user);
    if (!others?.delete(client) || others.size > 0) return;
    this.#byUser.delete(user);
    this.#meter.userLeft();
    this.#users.leave(user);
  }

  /** The clients of a user; with an id, that one alone, if it is the user's. */
  find(user: string, id: string): readonly ControlledClient[] {
    const all = [...this.#byUser.get(user) ?? []];
    return id === "" ? all : all.filter(({ identity }) => identity.id === id);
  }
}
