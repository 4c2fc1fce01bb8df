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
  /** The session of its stream; undefined: it is connected in another way. */
  readonly session?: string | undefined;
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
  /** Most users have one connection, and most connections no user: a set for each would be 200 bytes. */
  readonly #byUser = new Map<string, ControlledClient | Set<ControlledClient>>();
  readonly #meter: ChannelMeter;

  readonly #users: ConnectedUsers;

  /**
   * @param meter counts clients and their users; those without a user are one
   * @param users notified of users as they come and go
   */
  constructor(meter: ChannelMeter, users: ConnectedUsers) {
    this.#meter = meter;
    this.#users = users;
  }

  connected(client: ControlledClient): void {
    const { user } = client.identity;
    this.#meter.clientConnected(client.transport);
    const others = this.#byUser.get(user);
    if (others instanceof Set) return void others.add(client);
    if (others !== undefined) return void this.#byUser.set(user, new Set([others, client]));
    this.#byUser.set(user, client);
    this.#meter.userConnected();
    this.#users.enter(user);
  }

  /** Removes a client, if it is there. */
  remove(client: ControlledClient): void {
    const { user } = client.identity;
    const all = this.#byUser.get(user);
    if (all instanceof Set ? !all.delete(client) : all !== client) return;
    this.#meter.clientLeft(client.transport);
    if (all instanceof Set && all.size > 0) return;
    this.#byUser.delete(user);
    this.#meter.userLeft();
    this.#users.leave(user);
  }

  /** The clients of a user; with an id or a session, that one alone, if it is the user's. */
  find(user: string, id = "", session = ""): readonly ControlledClient[] {
    const found = this.#byUser.get(user);
    const all = found === undefined ? [] : found instanceof Set ? [...found] : [found];
    return all.filter((client) =>
      (id === "" || client.identity.id === id) && (session === "" || client.session === session)
    );
  }
}
