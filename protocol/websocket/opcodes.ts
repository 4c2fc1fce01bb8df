/**
 * The opcodes of RFC 6455 section 5.2, and the kind of each of the sixteen.
 *
 * In: the low four bits of a frame's first byte. Out: their kind, from a table.
 */

/** Continues a message that began with a TEXT or BINARY frame without FIN. */
export const CONTINUATION = 0x0;
/** Starts a message of UTF-8 text. */
export const TEXT = 0x1;
/** Starts a message of bytes. */
export const BINARY = 0x2;
/** Control frame: starts or answers the closing handshake (section 5.5.1). */
export const CLOSE = 0x8;
/** Control frame: requests a PONG with the same payload (section 5.5.2). */
export const PING = 0x9;
/** Control frame: answers a PING, or is unsolicited (section 5.5.3). */
export const PONG = 0xa;

/** Kind of an opcode that the RFC reserves. */
export const KIND_RESERVED = 0;
/** Kind of a frame with a message or a part of one. */
export const KIND_DATA = 1;
/** Kind of a control frame. */
export const KIND_CONTROL = 2;

/** Kind of each opcode 0–15. */
export const OPCODE_KIND: Uint8Array = new Uint8Array(16);
OPCODE_KIND[CONTINUATION] = KIND_DATA;
OPCODE_KIND[TEXT] = KIND_DATA;
OPCODE_KIND[BINARY] = KIND_DATA;
OPCODE_KIND[CLOSE] = KIND_CONTROL;
OPCODE_KIND[PING] = KIND_CONTROL;
OPCODE_KIND[PONG] = KIND_CONTROL;
