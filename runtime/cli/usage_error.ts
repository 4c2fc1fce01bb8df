/**
 * What the user asked for cannot be understood, or cannot be done: thrown by whatever reads options,
 * caught by the program, which prints the message and exits with 2.
 */

/** A wrong option, argument, variable or key; its message, one line, is for the user. */
export class UsageError extends Error {
  override name = "UsageError";
}
