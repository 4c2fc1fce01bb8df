/**
 * What a WebSocket's `send` returns if it does not return the number of bytes sent (Bun's `ws.send` returns
 * the same three kinds of result).
 */

/** The message is dropped: too much is queued for the peer, or the connection is ending. */
export const DROPPED = 0;
/** The message is queued after bytes that the peer has not read yet; `drained` is called when all is sent. */
export const QUEUED = -1;
