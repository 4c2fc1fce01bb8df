/**
 * The names of the sessions of streams, which prove themselves.
 *
 * In: the key that all workers of this run share, and that other servers of an engine know. Out: names that only this server can have
 * made, for one worker each. So any worker knows, without asking, that a message for another worker comes from who has, or had, a
 * session there.
 *
 *   a UUID, and the first half of HMAC-SHA-256(key, node:UUID), in base64url
 */

import { timingSafeEqual } from "node:crypto";
import type { WorkerPlace } from "../broker/mod.ts";
import { hmacSha256 } from "./hmac.ts";

const UUID_LENGTH = 36;
const MAC_BYTES = 16;
const UTF8 = new TextEncoder();

const NODE = /^(\d{1,3})(?:\.([0-9a-z-]{1,20}))?$/;

/** What a client calls the worker that has its session. @param server empty: there is no other one */
export function nodeName(worker: number, server: string): string {
  return server === "" ? `${worker}` : `${worker}.${server}`;
}

/** The worker and the server of a node's name; undefined if it is none. */
export function readNodeName(node: string): WorkerPlace | undefined {
  const [, worker, server = ""] = NODE.exec(node) ?? [];
  return worker === undefined ? undefined : { worker: Number(worker), server };
}

/** Makes names, and checks them. */
export class SessionNames {
  readonly #key: Uint8Array;

  /** @param key secret, and the same in all workers */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** A new name. */
  make(node: string): string {
    const id = crypto.randomUUID();
    return `${id}.${this.#macOf(node, id)}`;
  }

  /** Whether {@link make} of some worker has made it for this node. The time that it takes says nothing about the right name. */
  isNameOn(node: string, name: string): boolean {
    const id = name.slice(0, UUID_LENGTH);
    const given = UTF8.encode(name);
    const right = UTF8.encode(`${id}.${this.#macOf(node, id)}`);
    return given.length === right.length && timingSafeEqual(given, right);
  }

  #macOf(node: string, id: string): string {
    const mac = hmacSha256(this.#key, `${node}:${id}`);
    return mac.subarray(0, MAC_BYTES).toString("base64url");
  }
}
