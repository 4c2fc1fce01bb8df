/**
 * The error for a socket from systemd that this config cannot serve.
 *
 * In: the reason, from the operating system or the environment. Out: an error whose message is one
 * line for the operator; the command line prints it.
 */

/** The socket that systemd passed cannot be used with this config. */
export class ActivationError extends Error {
  override name = "ActivationError";
}
