/**
 * A client's connection, whatever carries it: a WebSocket, SSE, an HTTP stream.
 *
 * In: what the client object sends. Out: whether it was taken. The owner of the connection calls the client for what arrives.
 */

import type { Disconnect } from "../../../protocol/centrifuge/mod.ts";
import type { KeptFields } from "./kept_fields.ts";
import type { Wire } from "./wire.ts";

/** A message that many clients get. */
export interface Sized {
  /** Its bytes, more or less. */
  readonly length: number;
}

/** The way to one client. */
export interface ClientLink<Message extends Sized = Sized> {
  /** The transport's framing and shared messages. */
  readonly wire: Wire<Message>;
  /** What the client names to send more, if this way goes in one direction alone. */
  readonly session?: string | undefined;
  /** What was kept of the request that it began with. */
  readonly fields?: KeptFields | undefined;
  /** Bytes that the client has not read yet. */
  readonly queuedBytes: number;
  /** Sends a copy of these bytes as one message. Returns false if it was dropped, because too much waits for the client. */
  send(bytes: Uint8Array, start: number, end: number): boolean;
  /** Sends a message that others get too; returns what `send` does. */
  sendShared(message: Message): boolean;
  /** Ends the connection, and tells the client why. Nothing is sent after it. */
  disconnect(reason: Disconnect): void;
}
