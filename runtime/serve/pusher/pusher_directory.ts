/**
 * The signed-in clients of one app on one worker, by their users.
 *
 * In: clients, as they sign in and leave; messages between workers. Out: the end of all connections of a user, on each worker, if a
 * backend asks for it on any.
 */

import { PUSHER_CLOSES, type PusherClose } from "../../../protocol/pusher/mod.ts";
import type { ControlHandler } from "../centrifuge/mod.ts";

/** A client that can be ended. */
export interface SignedInClient {
  end(reason: PusherClose): void;
}

/** The word of such messages; those of backends have other ones. */
const TERMINATE = "pusher_terminate";

const UTF8 = new TextEncoder();
const TEXT = new TextDecoder();

/** A message that ends the connections of a user. */
export function terminateMessage(app: string, user: string): readonly [string, Uint8Array] {
  return [TERMINATE, UTF8.encode(JSON.stringify([app, user]))];
}

/** Finds clients. */
export class PusherDirectory implements ControlHandler {
  readonly #app: string;
  readonly #byUser = new Map<string, Set<SignedInClient>>();

  /** @param app the id of the app */
  constructor(app: string) {
    this.#app = app;
  }

  /** A client has signed in. */
  add(user: string, client: SignedInClient): void {
    const others = this.#byUser.get(user);
    if (others === undefined) this.#byUser.set(user, new Set([client]));
    else others.add(client);
  }

  /** It has left. */
  remove(user: string, client: SignedInClient): void {
    const others = this.#byUser.get(user);
    others?.delete(client);
    if (others?.size === 0) this.#byUser.delete(user);
  }

  control(word: string, bytes: Uint8Array): void {
    if (word !== TERMINATE) return;
    // Made by `terminateMessage` of some worker.
    const [app, user] = JSON.parse(TEXT.decode(bytes)) as [string, string];
    if (app !== this.#app) return;
    for (const client of [...this.#byUser.get(user) ?? []]) client.end(PUSHER_CLOSES.TERMINATED);
  }
}
