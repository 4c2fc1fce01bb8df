/**
 * What conditions and ranges are judged on: a request by its method and fields, and the representation
 * that would answer it (RFC 9110 section 8).
 *
 * Shapes only. A RequestHead is a {@link ConditionalRequest}; who serves files makes a Representation
 * of each version of a file in each of its codings.
 */

/** What conditions need of a request. */
export interface ConditionalRequest {
  /** As it stood in the request line. */
  readonly method: string;
  /** A field's value by its name in lower case, several lines joined by ", ". */
  field(lowerCaseName: string): string | undefined;
}

/** One version of one resource in one coding. */
export interface Representation {
  /** Its tag with the quotes, `"a-b"`; `W/"a-b"` where two of one tag may differ in a byte. */
  readonly etag: string;
  /**
   * When it was last changed, in seconds since 1970; a fraction is cut off, as Last-Modified cuts it.
   * Undefined if that is not known: conditions by date are then ignored.
   */
  readonly lastModified: number | undefined;
  /** Bytes of the body. */
  readonly size: number;
}
