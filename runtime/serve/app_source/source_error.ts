/**
 * What is wrong with a file of an app, and where.
 *
 * In: the file, the reason, and the line and column if they are known. Out: an error whose message names them all.
 */

/** A place in a file; lines and columns begin at 1. */
export interface SourcePlace {
  readonly path: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

/** A fault of the app's source. */
export class SourceError extends Error {
  override readonly name = "SourceError";

  /** The message is one line for the operator. */
  constructor({ path, line, column }: SourcePlace, reason: string) {
    const place = [path, line, column].filter((part) => part !== undefined).join(":");
    super(`${place}: ${reason}`);
  }
}
