/**
 * Why a thread cannot begin to work, if the operator can change that: the app's file cannot be loaded.
 *
 * In: the reason. Out: an error, thrown while a thread loads what its start message names. The main thread gets its message and passes
 * it to the operator.
 */

/** The message is a complete text for the operator, of one or several lines. */
export class StartRefusal extends Error {
  override readonly name = "StartRefusal";
}
