/**
 * The events that `Http1Connection.next()` returns, as small integers.
 *
 * In: nothing. Out: constants, in addition to `NEED_DATA` (0, from ../errors.ts). The details of an event
 * are fields of the connection, valid until the next call of `next()`. Integers need no allocation; there
 * is an event for each request and each piece of a body.
 */

/** A request's head is in `connection.head`. */
export const REQUEST = 1;
/** A piece of the request's body is in `connection.data`, from `dataStart` to `dataEnd`. */
export const DATA = 2;
/** The request is complete; any trailers were checked and dropped. */
export const END_OF_MESSAGE = 3;
/**
 * The request is complete and its response is not finished. Nothing more is read until it is, so that
 * requests are answered in order. More input changes nothing; finish the response.
 */
export const PAUSED = 4;
/** After `switchProtocol()`: `takeTrailing()` returns the bytes received after the request. */
export const SWITCHED_PROTOCOL = 5;
/** Nothing more is read. The caller sends the remaining output and closes the connection. */
export const CLOSED = 6;
