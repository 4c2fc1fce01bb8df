/**
 * How long an engine keeps what nobody refreshes, the same for all drivers.
 *
 * In: nothing. Out: milliseconds.
 */

export { IDEMPOTENCY_MS as KEEP_KEY_MS } from "../../channels/mod.ts";

/** A channel that nobody uses is kept as long, at least. */
export const KEEP_CHANNEL_MS = 24 * 60 * 60 * 1000;
