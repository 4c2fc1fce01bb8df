/**
 * The users with connected clients, over all workers: for their exact number.
 *
 * In: a worker's users, as the first client of each connects and the last one leaves. Out: how many different ones all workers have. They
 * are the members of a channel that no client can name, one for each worker that has the user, so that those of a dead worker
 * are counted no more. It takes about 150 bytes of the channels' memory for each user; without room for them, a user is not counted.
 */

import type { ChannelStore } from "../../channels/mod.ts";
import { CONNECTED_USERS_KEY } from "../broker/mod.ts";

const UTF8 = new TextEncoder();
const NO_BYTES = new Uint8Array(0);

/** Counts users. */
export class ConnectedUsers {
  readonly #store: Pick<ChannelStore, "join" | "leave" | "presenceStats">;
  readonly #worker: number;

  /** @param worker the number of this worker */
  constructor(store: Pick<ChannelStore, "join" | "leave" | "presenceStats">, worker: number) {
    this.#store = store;
    this.#worker = worker;
  }

  /** The first client of a user has connected to this worker; all clients without a user are one. */
  enter(user: string): void {
    const client = this.#memberOf(user);
    const member = { client, user: client.subarray(1), info: NO_BYTES, announce: false };
    this.#store.join(CONNECTED_USERS_KEY, member);
  }

  /** The last one has left. */
  leave(user: string): void {
    this.#store.leave(CONNECTED_USERS_KEY, this.#memberOf(user));
  }

  /** How many users there are; undefined if the store is busy. */
  count(): number | undefined {
    const { status, users } = this.#store.presenceStats(CONNECTED_USERS_KEY);
    return status === "read" ? users : undefined;
  }

  /** The worker's number, which fits into a byte, and the user. */
  #memberOf(user: string): Uint8Array {
    const name = UTF8.encode(user);
    const member = new Uint8Array(1 + name.length);
    member[0] = this.#worker;
    member.set(name, 1);
    return member;
  }
}
