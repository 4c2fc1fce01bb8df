/**
 * What `WebSocketConnection.next()` answers.
 *
 * Small integers, so that the loop that pulls them is a switch. An event of a control frame has the
 * number of its opcode: the one constant PONG serves for both.
 */

export { NEED_DATA } from "../errors.ts";
export { CLOSE, PING, PONG } from "./opcodes.ts";

/** A whole message: `opcode`, `payload`, `payloadStart`, `payloadEnd`, `payloadHeadroom`. */
export const MESSAGE = 0x1;
/** The connection is over: `closeCode`, `closeReason`. Every later `next()` answers it again. */
export const CLOSED = 0x10;
