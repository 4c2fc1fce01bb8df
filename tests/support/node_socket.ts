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

interface EmittingSocket extends NodeSocket {
  on(event: "error", listener: () => void): void;
  on(event: "open", listener: () => void): void;
  on(event: "message", listener: (data: Uint8Array) => void): void;
  on(event: "close", listener: (code: number, reason: Uint8Array) => void): void;
}

/**
 * Connects to a URL. An error, as of a server that ends the connection before its answer, is followed by `close` with 1006;
 * nobody has to listen for it: without a listener it would end the process of all tests.
 */
export const NodeSocket = class extends (WebSocket as unknown as new (
  ...args: unknown[]
) => EmittingSocket) {
  constructor(...args: unknown[]) {
    super(...args);
    this.on("error", () => {});
  }
} as new (...args: unknown[]) => NodeSocket;
