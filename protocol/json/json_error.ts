/**
 * The error of a text that is not JSON, or not the JSON that was expected.
 *
 * In: where and why, from the check that failed. Out: thrown by decode_shape.ts and what it calls; the caller
 * knows the protocol and turns it into that protocol's answer. Names no value of the text, only its place.
 */

/** A text that is not JSON, or has another shape. */
export class JsonError extends Error {
  override name = "JsonError";
  /** Where the text fails, in bytes from its start. */
  readonly offset: number;

  /** @param message one sentence without a final full stop */
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}
