/**
 * The states of a WebSocket connection after the handshake, as tables (RFC 6455 sections 5.5.1 and 7.1).
 * No bytes are handled here.
 *
 * ```
 *           SEND_CLOSE              RECEIVE_CLOSE
 *   OPEN ───────────────► CLOSE_SENT ───────────► CLOSED
 *    │ └── RECEIVE_CLOSE ─► CLOSE_RECEIVED ─ SEND_CLOSE ─► CLOSED
 *    └──── FAIL ──────────► FAILED ───────── SEND_CLOSE ─► CLOSED      RECEIVE_EOF: always CLOSED
 * ```
 *
 * In: a state and a step. Out: the next state. Called by the connection. A missing entry is misuse by our
 * own code, so a TypeError.
 */

/** The state of a connection. */
export type ConnectionState = "OPEN" | "CLOSE_SENT" | "CLOSE_RECEIVED" | "FAILED" | "CLOSED";

/** An event that moves a connection to another state. */
export type ConnectionStep = "SEND_CLOSE" | "RECEIVE_CLOSE" | "RECEIVE_EOF" | "FAIL";

type Transitions = Readonly<
  Record<ConnectionState, Readonly<Partial<Record<ConnectionStep, ConnectionState>>>>
>;

/** The transitions of each state. */
export const TRANSITIONS: Transitions = {
  OPEN: {
    SEND_CLOSE: "CLOSE_SENT",
    RECEIVE_CLOSE: "CLOSE_RECEIVED",
    RECEIVE_EOF: "CLOSED",
    FAIL: "FAILED",
  },
  // Section 7.1.1: both close frames are exchanged. After a violation no second one is sent.
  CLOSE_SENT: { RECEIVE_CLOSE: "CLOSED", RECEIVE_EOF: "CLOSED", FAIL: "CLOSED" },
  // Section 5.5.1: bytes after the peer's close frame are ignored, so nothing can fail.
  CLOSE_RECEIVED: { SEND_CLOSE: "CLOSED", RECEIVE_EOF: "CLOSED" },
  // Section 7.1.7: a close frame may tell the peer the reason; its answer is not awaited.
  FAILED: { SEND_CLOSE: "CLOSED", RECEIVE_EOF: "CLOSED" },
  CLOSED: { RECEIVE_EOF: "CLOSED" },
};

/** What is allowed in a state. */
export interface Permissions {
  /** Frames of the peer are read. */
  readonly receive: boolean;
  /** Messages of the peer are delivered to the handler; otherwise they are dropped. */
  readonly deliver: boolean;
  /** Messages, pings and pongs may be sent. */
  readonly send: boolean;
}

/** Each state's permissions. */
export const PERMISSIONS: Readonly<Record<ConnectionState, Permissions>> = {
  OPEN: { receive: true, deliver: true, send: true },
  // Section 5.5.1: an endpoint sends no data after its close frame.
  CLOSE_SENT: { receive: true, deliver: false, send: false },
  // Section 5.5.1: an endpoint may finish sending a message before it answers the close frame.
  CLOSE_RECEIVED: { receive: false, deliver: false, send: true },
  FAILED: { receive: false, deliver: false, send: false },
  CLOSED: { receive: false, deliver: false, send: false },
};

/**
 * The state after `step`.
 *
 * @throws TypeError if the step is not allowed in that state
 */
export function nextState(state: ConnectionState, step: ConnectionStep): ConnectionState {
  const next = TRANSITIONS[state][step];
  if (next === undefined) throw new TypeError(`Cannot ${step} in the state ${state}`);
  return next;
}
