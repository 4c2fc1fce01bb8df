/**
 * The reasons for which the server ends one subscription, by the Centrifuge protocol's own codes.
 *
 * In: a code. Out: a table of codes and reasons, and whether a client subscribes again after one.
 */

/** Why a subscription ends. */
export interface Unsubscribe {
  readonly code: number;
  /** For people. */
  readonly reason: string;
}

/** The codes that are sent, by name. */
export const UNSUBSCRIBES = {
  /** By the HTTP API or a handler; the client stays out. */
  SERVER: { code: 2000, reason: "server unsubscribe" },
  /** The position was found wrong; the client recovers as it subscribes again. */
  INSUFFICIENT_STATE: { code: 2500, reason: "insufficient state" },
  EXPIRED: { code: 2501, reason: "subscription expired" },
} as const satisfies Readonly<Record<string, Unsubscribe>>;

/** Whether clients subscribe again after this code. */
export function resubscribes(code: number): boolean {
  return code >= 2500;
}
