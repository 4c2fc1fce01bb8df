/**
 * Prices that are published with keys, in a namespace with `conflation_interval`: subscribers get the newest of each key.
 *
 * In: a channel, and the number of a round. Out: the options of its namespace, and the commands of a batch.
 */

import { OPEN } from "./channel_options.ts";

/** The options of the namespace. Who may recover or wants positions is not conflated. */
export const CONFLATED = {
  ...OPEN,
  allowRecovery: false,
  allowPositioning: false,
  conflationInterval: 500,
} as const;
/** What has a price. */
export const KEYS = ["A", "B", "C"];
/** Rounds of a test. */
export const ROUNDS = 20;

/** What is published. */
export interface Price {
  readonly of: string;
  readonly n: number;
}

/** All of a round, in one request; every fifth round has one without a key. */
export function round(channel: string, n: number): Record<string, unknown>[] {
  const keyed = KEYS.map((key) => ({ channel, data: { of: key, n }, key }));
  const plain = n % 5 === 0 ? [{ channel, data: { of: "plain", n } }] : [];
  return [...keyed, ...plain].map((publish) => ({ publish }));
}
