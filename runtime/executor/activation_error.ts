/**
 * Why a socket that was handed over cannot be served, in a line for the operator.
 *
 * In: the reason, as the operating system or the environment gives it. Out: an error whose message
 * is that line; the command line prints it.
 */

/** What systemd hands over is not for this config. */
export class ActivationError extends Error {
  override name = "ActivationError";
}
