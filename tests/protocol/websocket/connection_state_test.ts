/** The state tables of a connection: every pair of a state and a step. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type ConnectionState,
  type ConnectionStep,
  nextState,
  PERMISSIONS,
  TRANSITIONS,
} from "../../../protocol/websocket/connection_state.ts";

const STEPS: ConnectionStep[] = ["SEND_CLOSE", "RECEIVE_CLOSE", "RECEIVE_EOF", "FAIL"];
// RFC 6455 section 7.1, written independently: a state, then the next state for each step.
const EXPECTED: [ConnectionState, ...(ConnectionState | undefined)[]][] = [
  ["OPEN", "CLOSE_SENT", "CLOSE_RECEIVED", "CLOSED", "FAILED"],
  ["CLOSE_SENT", undefined, "CLOSED", "CLOSED", "CLOSED"],
  ["CLOSE_RECEIVED", "CLOSED", undefined, "CLOSED", undefined],
  ["FAILED", "CLOSED", undefined, "CLOSED", undefined],
  ["CLOSED", undefined, undefined, "CLOSED", undefined],
];

Deno.test("every state and step", () => {
  assertEquals(EXPECTED.map(([state]) => state).sort(), Object.keys(TRANSITIONS).sort());
  for (const [state, ...targets] of EXPECTED) {
    STEPS.forEach((step, index) => {
      const target = targets[index];
      if (target === undefined) assertThrows(() => nextState(state, step), TypeError, step);
      else assertEquals(nextState(state, step), target, `${state} ${step}`);
    });
  }
});

Deno.test("a state that reads no frames delivers none and cannot fail", () => {
  for (const [state] of EXPECTED) {
    const permissions = PERMISSIONS[state];
    assert(permissions.receive || !permissions.deliver, state);
    assertEquals(permissions.receive, TRANSITIONS[state].FAIL !== undefined, state);
    assertEquals(permissions.receive, TRANSITIONS[state].RECEIVE_CLOSE !== undefined, state);
  }
});

Deno.test("after our close frame no frame may be sent", () => {
  for (const [state] of EXPECTED) {
    const mayClose = TRANSITIONS[state].SEND_CLOSE !== undefined;
    assert(mayClose || !PERMISSIONS[state].send, state);
  }
  assert(!PERMISSIONS.FAILED.send, "a failed connection sends its close frame and no more");
});
