/** The error of an upgrade that cannot be, or has failed: the old server serves on. */

/** The message says why, for the operator. */
export class UpgradeError extends Error {
  override readonly name = "UpgradeError";
}
