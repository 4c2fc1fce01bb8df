/**
 * Why a socket that was handed over cannot be served, in a line for the operator.
 */

/** What systemd hands over is not for this config. */
export class ActivationError extends Error {
  override name = "ActivationError";
}
