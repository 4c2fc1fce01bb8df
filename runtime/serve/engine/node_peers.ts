/**
 * How this server reaches the others of its engine, and they reach it: on the main thread.
 *
 * In: requests of this server's workers, and messages of other servers by channels of the engine that no client can name. Out: messages
 * to the workers of this server. Requests are kept in the engine for a minute: a server that was cut off gets them when it is back. If it
 * was cut off for longer, it says so in its log.
 */
import { ControlSender, type ControlStore, REQUESTS } from "../broker/mod.ts";
import type { Conductor } from "./conductor.ts";
import type { EngineDriver } from "./driver.ts";
import { MessageStore } from "./message_store.ts";

/** The channel to which all servers listen. A client's channel has no empty namespace. */
const ALL_SERVERS = ":servers";

/** What it works with. */
export interface NodePeersParts {
  readonly driver: Pick<EngineDriver, "publish">;
  readonly conductor: Pick<Conductor, "keep" | "positionOf">;
  readonly store: ControlStore;
  /** Tells the operator. */
  warn(text: string): void;
}

/** The peers. */
export class NodePeers {
  readonly #parts: NodePeersParts;
  readonly #local: ControlSender;

  constructor(parts: NodePeersParts) {
    this.#parts = parts;
    this.#local = new ControlSender(parts.store);
    const store = new MessageStore({
      receive: (word, data) => this.#request(word, data),
      lost: () =>
        parts.warn(
          "requests of the HTTP API to clients may be lost on this server: the engine does not have them any more",
        ),
    });
    parts.conductor.keep(ALL_SERVERS, store);
  }

  /** Sends a request to all servers. Returns false if it was not done, or nobody knows whether it was. */
  async request(word: string, data: Uint8Array): Promise<boolean> {
    const { driver, conductor, store } = this.#parts;
    const fields = new TextEncoder().encode(word);
    if (fields.length + data.length > store.maxEntryBytes) return false;
    const { historySize, historyTtlMs } = REQUESTS;
    const proof = conductor.positionOf(ALL_SERVERS);
    const { status } = await driver.publish(ALL_SERVERS, {
      ...{ data, fields, historySize, historyTtlMs },
      ...(proof === undefined ? {} : { proof }),
    });
    return status === "stored";
  }

  #request(word: string, data: Uint8Array): void {
    if (this.#local.request(word, data)) return;
    this.#parts.warn(
      `a request of the HTTP API (${word}) has not reached the clients of this server: its channels have no room; see --channels-memory`,
    );
  }
}
