/**
 * The states of a WebSocket connection after the handshake, as tables that know no bytes
 * (RFC 6455 sections 5.5.1 and 7.1).
 *
 * ```
 *           SEND_CLOSE              RECEIVE_CLOSE
 *   OPEN ───────────────► CLOSE_SENT ───────────► CLOSED
 *    │ └── RECEIVE_CLOSE ─► CLOSE_RECEIVED ─ SEND_CLOSE ─► CLOSED
 *    └──── FAIL ──────────► FAILED ───────── SEND_CLOSE ─► CLOSED      RECEIVE_EOF: always CLOSED
 * ```
 *
 * In: a state and what happened. Out: the next state; a missing entry is our own error.
 */

/** Where a connection stands. */
export type ConnectionState = "OPEN" | "CLOSE_SENT" | "CLOSE_RECEIVED" | "FAILED" | "CLOSED";

/** What moves a connection to another state. */
export type ConnectionStep = "SEND_CLOSE" | "RECEIVE_CLOSE" | "RECEIVE_EOF" | "FAIL";

type Transitions = Readonly<
  Record<ConnectionState, Readonly<Partial<Record<ConnectionStep, ConnectionState>>>>
>;

/** Each state's steps. */
export const TRANSITIONS: Transitions = {
  OPEN: {
    SEND_CLOSE: "CLOSE_SENT",
    RECEIVE_CLOSE: "CLOSE_RECEIVED",
    RECEIVE_EOF: "CLOSED",
    FAIL: "FAILED",
  },
  // Section 7.1.1: both close frames are through, and no second one is sent after a violation.
  CLOSE_SENT: { RECEIVE_CLOSE: "CLOSED", RECEIVE_EOF: "CLOSED", FAIL: "CLOSED" },
  // Section 5.5.1: what comes after the peer's close frame is not looked at, so nothing can fail.
  CLOSE_RECEIVED: { SEND_CLOSE: "CLOSED", RECEIVE_EOF: "CLOSED" },
  // Section 7.1.7: the close frame may tell the peer why; its answer is not awaited.
  FAILED: { SEND_CLOSE: "CLOSED", RECEIVE_EOF: "CLOSED" },
  CLOSED: { RECEIVE_EOF: "CLOSED" },
};

/** What is allowed in a state. */
export interface Permissions {
  /** Frames of the peer are read. */
  readonly receive: boolean;
  /** Messages of the peer are given to the handler; else they are dropped. */
  readonly deliver: boolean;
  /** Messages, pings and pongs may be sent. */
  readonly send: boolean;
}

/** Each state's permissions. */
export const PERMISSIONS: Readonly<Record<ConnectionState, Permissions>> = {
  OPEN: { receive: true, deliver: true, send: true },
  // Section 5.5.1: no data after our own close frame.
  CLOSE_SENT: { receive: true, deliver: false, send: false },
  // Section 5.5.1: a message that is being sent may be ended before the close frame is answered.
  CLOSE_RECEIVED: { receive: false, deliver: false, send: true },
  FAILED: { receive: false, deliver: false, send: false },
  CLOSED: { receive: false, deliver: false, send: false },
};

/**
 * The state after `step`.
 *
 * @throws TypeError when the step cannot happen in that state
 */
export function nextState(state: ConnectionState, step: ConnectionStep): ConnectionState {
  const next = TRANSITIONS[state][step];
  if (next === undefined) throw new TypeError(`Cannot ${step} in the state ${state}`);
  return next;
}
