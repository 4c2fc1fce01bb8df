/**
 * What is known of a client of the Pusher protocol as the bytes that go along with its connection to the server that replaces this one.
 *
 * In: a state. Out: its bytes, and in the other process the same state; undefined, if it is that of a version that writes another one. Moments
 * are milliseconds from now on: the clock of a loop is that of its process.
 */

import { decodeUtf8, utf8Of } from "../../../protocol/mod.ts";
import type { PusherMember } from "../../../protocol/pusher/mod.ts";
import { optionalBytes, type SpentRate } from "../centrifuge/mod.ts";
import type { SentEvents } from "./client_events.ts";

const VERSION = 1;

/** A subscription. */
export interface PusherSubscriptionState {
  /** As the client knows it. */
  readonly name: string;
  /** The last publication that was sent, or that the client does not get. */
  readonly offset: number;
  readonly epoch: string;
  /** Who the client is in a presence channel; `info` is JSON. */
  readonly member?: { readonly id: string; readonly info?: string | undefined } | undefined;
}

/** A client. */
export interface PusherClientState {
  readonly socketId: string;
  /** Empty: it has not signed in. */
  readonly user: string;
  readonly silentFor: number;
  /** Absent: it owes no pong. */
  readonly pongIn?: number | undefined;
  readonly rate: SpentRate;
  /** Absent: it has sent none. */
  readonly events?: SentEvents | undefined;
  readonly subscriptions: readonly PusherSubscriptionState[];
}

/** The bytes of a state. */
export function encodePusherState(state: PusherClientState): Uint8Array {
  return utf8Of(JSON.stringify({ version: VERSION, ...state }));
}

/** The state of bytes that {@link encodePusherState} has made in another process. */
export function decodePusherState(bytes: Uint8Array): PusherClientState | undefined {
  const { version, ...state } = JSON.parse(decodeUtf8(bytes));
  return version === VERSION ? state : undefined;
}

/** The member of a subscription. */
export function memberOf(
  { member }: Pick<PusherSubscriptionState, "member">,
): PusherMember | undefined {
  return member && { id: member.id, info: optionalBytes(member.info) };
}
