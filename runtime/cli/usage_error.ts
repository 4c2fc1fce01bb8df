/**
 * The error of a wrong command line, variable, configuration file or input.
 *
 * In: a message for the user. Out: an error that the code which parses options throws; main.ts catches
 * it, prints the message and exits with code 2.
 */

/** A wrong option, argument, variable, key or input; the message is one line for the user. */
export class UsageError extends Error {
  override name = "UsageError";
}
