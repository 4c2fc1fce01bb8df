/**
 * What went wrong, in words: the message of whatever was thrown.
 *
 * In: an error, or anything else that code outside the program may throw. Out: its text. Imports nothing.
 */

/** The message of an error; of what is none, its text. */
export function errorMessage(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
