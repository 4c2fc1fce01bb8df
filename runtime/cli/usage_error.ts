/**
 * The error for a request of the user that cannot be understood, or cannot be done.
 *
 * In: a message for the user. Out: an error that whatever reads options throws; the program catches
 * it, prints the message and exits with 2.
 */

/** A wrong option, argument, variable or key; its message, one line, is for the user. */
export class UsageError extends Error {
  override name = "UsageError";
}
