/**
 * The connected clients of one worker, by the names that backends give them.
 *
 * In: clients as they connect and leave. Out: those of a user, or one by its id.
 */

import type { ChannelMeter } from "./channel_meter.ts";
import type { Client, ClientOwner } from "./client.ts";

/** Finds connected clients. */
export class ClientDirectory implements ClientOwner {
  readonly #byId = new Map<string, Client>();
  readonly #byUser = new Map<string, Set<Client>>();
  readonly #meter: ChannelMeter;

  /** @param meter counts clients and their users; those without a user are one */
  constructor(meter: ChannelMeter) {
    this.#meter = meter;
  }

  connected(client: Client): void {
    const { id, user } = client.identity;
    this.#byId.set(id, client);
    this.#meter.clientConnected(client.transport);
    const others = this.#byUser.get(user);
    if (others !== undefined) return void others.add(client);
    this.#byUser.set(user, new Set([client]));
    this.#meter.userConnected();
  }

  /** Removes a client, if it is there. */
  remove(client: Client): void {
    const { id, user } = client.identity;
    if (!this.#byId.delete(id)) return;
    this.#meter.clientLeft(client.transport);
    const others = this.#byUser.get(user);
    if (!others?.delete(client) || others.size > 0) return;
    this.#byUser.delete(user);
    this.#meter.userLeft();
  }

  /** The clients of a user; with an id, that one alone, if it is the user's. */
  find(user: string, id: string): readonly Client[] {
    const all = [...this.#byUser.get(user) ?? []];
    return id === "" ? all : all.filter(({ identity }) => identity.id === id);
  }
}
