/**
 * The transport of a session that serves no connection: it is closed.
 *
 * In: calls that come too late, such as that of a handler which answers twice. Out: nothing. It stands in for the
 * last connection, so that a spare session refers to no connection and cannot reach one.
 */

import type { Transport } from "../../net/mod.ts";

/** A connection that is gone. */
export const NO_TRANSPORT: Transport = {
  descriptor: -1,
  peerAddress: "",
  peerPort: 0,
  get out(): never {
    throw new TypeError("a session without a connection cannot send");
  },
  closed: true,
  ended: true,
  queuedBytes: 0,
  setReading() {},
  finish() {},
  abort() {},
  setSession() {},
  setDeadline() {},
};
