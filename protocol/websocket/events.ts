/**
 * The events that `WebSocketConnection.next()` returns, as small integers.
 *
 * In: nothing. Out: constants, in addition to `NEED_DATA`. The event of a control frame has the number of
 * its opcode, so CLOSE, PING and PONG are both opcode and event.
 */

export { NEED_DATA } from "../errors.ts";
export { CLOSE, PING, PONG } from "./opcodes.ts";

/** A whole message: `opcode`, `payload`, `payloadStart`, `payloadEnd`, `payloadHeadroom`. */
export const MESSAGE = 0x1;
/** The connection is closed: `closeCode`, `closeReason`. Every later `next()` returns it again. */
export const CLOSED = 0x10;
