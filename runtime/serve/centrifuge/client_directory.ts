/**
 * The connected clients of one worker, by the names that backends give them.
 *
 * In: clients as they connect and leave. Out: those of a user, or one by its id.
 */

import type { Client, ClientOwner } from "./client.ts";

/** Finds connected clients. */
export class ClientDirectory implements ClientOwner {
  readonly #byId = new Map<string, Client>();
  readonly #byUser = new Map<string, Set<Client>>();

  /** How many are connected. */
  get size(): number {
    return this.#byId.size;
  }

  /** How many users have a connected client; anonymous ones together are one. */
  get users(): number {
    return this.#byUser.size;
  }

  connected(client: Client): void {
    const { id, user } = client.identity;
    this.#byId.set(id, client);
    const others = this.#byUser.get(user);
    if (others === undefined) this.#byUser.set(user, new Set([client]));
    else others.add(client);
  }

  /** Removes a client, if it is there. */
  remove(client: Client): void {
    const { id, user } = client.identity;
    this.#byId.delete(id);
    const others = this.#byUser.get(user);
    if (others?.delete(client) && others.size === 0) this.#byUser.delete(user);
  }

  /** The clients of a user; with an id, that one alone, if it is the user's. */
  find(user: string, id: string): readonly Client[] {
    const all = [...this.#byUser.get(user) ?? []];
    return id === "" ? all : all.filter(({ identity }) => identity.id === id);
  }
}
