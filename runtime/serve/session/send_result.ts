/**
 * What `send` of a WebSocket answers where that is not the number of bytes handed over (Bun's `ws.send`
 * has the same three answers).
 */

/** The message is dropped: the peer reads too slowly for the bound, or the connection ends. */
export const DROPPED = 0;
/** The message is queued behind what waits for the peer; `drained` tells when that is sent. */
export const QUEUED = -1;
