/**
 * The inputs of preconditions and ranges: the request's method and fields, and the selected
 * representation (RFC 9110 section 8).
 *
 * Types only. A RequestHead is a {@link ConditionalRequest}. The file server makes one Representation per
 * version of a file and coding.
 */

/** The parts of a request that preconditions use. */
export interface ConditionalRequest {
  /** As received in the request line. */
  readonly method: string;
  /** A field's value by its name in lower case, several lines joined by ", ". */
  field(lowerCaseName: string): string | undefined;
}

/** One version of a resource in one coding. */
export interface Representation {
  /** The entity tag with quotes, `"a-b"`; weak, `W/"a-b"`, if bytes may differ under the same tag. */
  readonly etag: string;
  /**
   * Modification time in seconds since 1970; a fraction is truncated, as in Last-Modified. Undefined if
   * unknown: conditions by date are then ignored.
   */
  readonly lastModified: number | undefined;
  /** Bytes of the body. */
  readonly size: number;
}
