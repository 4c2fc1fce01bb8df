/**
 * Bounds the connections of each user, over all workers.
 *
 * In: clients as they connect and leave. Out: whether there may be one more. A user's connections are the members of a channel that no
 * client can name, so that those of a dead worker are counted no more. Without a limit nothing is stored.
 */

import type { ChannelStore } from "../../channels/mod.ts";
import type { ClientIdentity } from "./client_identity.ts";
import { userKey } from "../broker/mod.ts";

const UTF8 = new TextEncoder();
const NO_BYTES = new Uint8Array(0);
/** Of two that come at the same moment for the last place, each may see the other: then both try again, and one is first. */
const ATTEMPTS = 4;

/** The part of the store that it needs. */
type UserStore = Pick<ChannelStore, "join" | "leave" | "presenceStats" | "rejoin">;

/** Counts the connections of users. */
export class UserConnections {
  readonly #store: UserStore;
  readonly #limit: number;

  /** @param limit connections of a user; 0: no limit */
  constructor(store: UserStore, limit: number) {
    this.#store = store;
    this.#limit = limit;
  }

  /** Counts a connection, unless it would be one too many, or the store has no room or is busy. */
  enter({ id, user }: ClientIdentity): "entered" | "limit" | "unavailable" {
    if (!this.#counts(user)) return "entered";
    let result = this.#attempt(id, user);
    for (let i = 1; i < ATTEMPTS && result === "limit"; i++) result = this.#attempt(id, user);
    return result;
  }

  #attempt(id: string, user: string): "entered" | "limit" | "unavailable" {
    const key = userKey(user);
    const client = UTF8.encode(id);
    const member = { client, user: NO_BYTES, info: NO_BYTES, announce: false };
    // Entered first and counted then: of two at the same time at least one sees the other.
    if (this.#store.join(key, member) !== "joined") return "unavailable";
    const { status, clients } = this.#store.presenceStats(key);
    if (status === "read" && clients <= this.#limit) return "entered";
    this.#store.leave(key, client);
    return status === "read" ? "limit" : "unavailable";
  }

  /** A connection that was counted in another process goes on here. */
  goOn({ id, user }: ClientIdentity): void {
    if (this.#counts(user)) this.#store.rejoin(userKey(user), UTF8.encode(id));
  }

  /** A connection that was counted has ended. */
  leave({ id, user }: ClientIdentity): void {
    if (this.#counts(user)) this.#store.leave(userKey(user), UTF8.encode(id));
  }

  #counts(user: string): boolean {
    return this.#limit > 0 && user !== "";
  }
}
