/**
 * What is known of a client, and of its subscriptions, as the bytes that go along with its connection to the server that replaces this one.
 *
 * In: a state. Out: its bytes, and in the other process the same state; undefined, if it is that of a version that writes another one. Moments
 * are milliseconds from now on: the clock of a loop is that of its process.
 */

import { decodeUtf8, utf8Of } from "../../../protocol/mod.ts";
import type { Capability } from "../tokens/mod.ts";
import type { WhenSlow } from "../channels/mod.ts";
import type { FaceKind } from "./wire.ts";

const VERSION = 1;

/** A subscription. */
export interface SubscriptionState {
  readonly name: string;
  /** The last publication that was sent, or that the client did not want. */
  readonly offset: number;
  readonly epoch: string;
  readonly face: Omit<FaceKind, "compact">;
  /** JSON. */
  readonly info?: string | undefined;
  /** Absent: it does not end. */
  readonly expiresIn?: number | undefined;
  readonly whenSlow: WhenSlow;
  readonly isMember: boolean;
  readonly isGranted: boolean;
  readonly isServerSide: boolean;
  readonly isByApp: boolean;
}

/** A connected client. */
export interface ClientState {
  readonly id: string;
  readonly user: string;
  readonly capabilities: readonly Capability[];
  /** JSON. */
  readonly info?: string | undefined;
  /** Fields of the request that it has begun with. */
  readonly fields?: readonly (readonly [string, string])[] | undefined;
  readonly isCounted: boolean;
  readonly expiresByHook: boolean;
  /** Absent: it does not end. */
  readonly expiresIn?: number | undefined;
  readonly pingIn?: number | undefined;
  /** Absent: it owes no pong. */
  readonly pongIn?: number | undefined;
  readonly subscriptions: readonly SubscriptionState[];
  /** Absent: it is at the end of a WebSocket. */
  readonly stream?: StreamState | undefined;
}

/** What goes along with the stream of a client. */
export interface StreamState {
  /** What its later requests name. */
  readonly session: string;
  /** Messages that have come since nothing could be done with them. */
  readonly messages: readonly string[];
}

/** The bytes of a state. */
export function encodeClientState(state: ClientState): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ version: VERSION, ...state }));
}

/** The state of bytes that {@link encodeClientState} has made in another process. */
export function decodeClientState(bytes: Uint8Array): ClientState | undefined {
  const { version, ...state } = JSON.parse(new TextDecoder().decode(bytes));
  return version === VERSION ? state : undefined;
}

/** Bytes that are text, as a member of JSON. */
export function optionalText(bytes: Uint8Array | undefined): string | undefined {
  return bytes && decodeUtf8(bytes);
}

/** The bytes of {@link optionalText}. */
export function optionalBytes(text: string | undefined): Uint8Array | undefined {
  return text === undefined ? undefined : utf8Of(text);
}
