/**
 * The error of an upgrade that cannot be, or has failed.
 *
 * In: the reason, a line for the operator. Out: an error, after which the old server serves on.
 */

/** A new server cannot replace the old one. The message says why. */
export class UpgradeError extends Error {
  override readonly name = "UpgradeError";
}
