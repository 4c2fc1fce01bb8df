/**
 * How long a connection's input is read and dropped after our last byte, so that closing over unread
 * input does not reset what the peer has still to read.
 */

/** Milliseconds. nginx: lingering_time 30 s. */
export const LINGER_MILLISECONDS = 2_000;
/** Bytes. */
export const LINGER_BYTES = 1024 * 1024;
