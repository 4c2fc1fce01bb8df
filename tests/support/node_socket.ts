/**
 * The WebSocket of npm `ws`, typed as far as tests of channels use it: the package has no types.
 */

import { WebSocket } from "npm:ws@8.18.3";

/** A client's socket. */
export interface NodeSocket {
  on(event: "open", listener: () => void): void;
  on(event: "message", listener: (data: Uint8Array) => void): void;
  on(event: "close", listener: (code: number, reason: Uint8Array) => void): void;
  send(text: string): void;
  /** Stops reading. */
  pause(): void;
  /** Reads again. */
  resume(): void;
  /** Ends the connection without a close frame. */
  terminate(): void;
}

/** Connects to a URL. */
export const NodeSocket = WebSocket as unknown as new (...args: unknown[]) => NodeSocket;
