/**
 * Decodes the body of `POST /emulation`, which carries later commands of an SSE or HTTP-stream session.
 *
 * In: the whole body. Out: which session on which node, and the commands as one message for a CommandReader.
 * The commands travel as a JSON string inside the JSON, so they are decoded once more here. A body that is none
 * throws a ProtocolError with status 400. Whether the session exists is not known here.
 */

import { ProtocolError } from "../errors.ts";
import { decodeShape, JSON_DEPTH, JsonError, text } from "../json/mod.ts";

const SHAPE = { session: text("session"), node: text("node"), data: text("data") } as const;
const UTF8 = new TextEncoder();

/** Commands for a session that somebody holds. */
export interface EmulationRequest {
  /** The session, as the reply to connect named it. */
  readonly session: string;
  /** The node, likewise; empty if it named none. */
  readonly node: string;
  /** One message of commands. */
  readonly data: Uint8Array;
}

/** Decodes a body. @throws {ProtocolError} with status 400 */
export function decodeEmulation(bytes: Uint8Array, start: number, end: number): EmulationRequest {
  try {
    const whole = { bytes, start, end, depth: JSON_DEPTH };
    const { session, node, data } = decodeShape(whole, SHAPE);
    if (!session) throw new JsonError("The session is missing", start);
    if (!data) throw new JsonError("The data is missing", start);
    return { session, node: node ?? "", data: UTF8.encode(data) };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const message = `An emulation request is malformed: ${error.message}`;
    throw new ProtocolError("CENTRIFUGE_EMULATION", message, { status: 400 });
  }
}
