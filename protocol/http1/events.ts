/**
 * What `Http1Connection.next()` answers, as small integers.
 *
 * In: nothing. Out: constants beside `NEED_DATA` (0, from ../errors.ts). The details of an event are
 * in fields of the connection until the next call of `next()`. Integers and not objects: an event is
 * made for each request and piece of a body.
 */

/** A request's head is in `connection.head`. */
export const REQUEST = 1;
/** A piece of the request's body is in `connection.data`, from `dataStart` to `dataEnd`. */
export const DATA = 2;
/** The request is complete; trailers, if there were any, were checked and dropped. */
export const END_OF_MESSAGE = 3;
/**
 * The request was given whole and its response is not finished: nothing is read until it is, so
 * that requests are answered in order. More input changes nothing; finish the response.
 */
export const PAUSED = 4;
/** After `switchProtocol()`: what was received behind the head is in `takeTrailing()`. */
export const SWITCHED_PROTOCOL = 5;
/** Nothing more is read on this connection; what was written goes out, then it is closed. */
export const CLOSED = 6;
