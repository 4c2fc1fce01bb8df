/**
 * An app that cannot be loaded when the server starts.
 *
 * In: what the worker that tried it reports. Out: an error whose message is a complete text for the operator.
 */

/** The app cannot be loaded. */
export class AppError extends Error {
  override readonly name = "AppError";
}
