/**
 * Both tables of the connection's state, edge by edge, and all that can be reached by them.
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  CLIENT_TRANSITIONS,
  type ClientEvent,
  type ClientState,
  ConnectionState,
  SERVER_TRANSITIONS,
  type ServerEvent,
  type ServerState,
} from "../../../protocol/http1/connection_state.ts";

const CLIENT_EVENTS: readonly ClientEvent[] = [
  "Request",
  "Data",
  "EndOfMessage",
  "BodyRefused",
  "Close",
  "Error",
];
const SERVER_EVENTS: readonly ServerEvent[] = [
  "Request",
  "Informational",
  "Switch",
  "Response",
  "Data",
  "EndOfMessage",
  "Close",
];

// Written down a second time, by hand: state, event, next state.
const CLIENT_EDGES = `
  IDLE Request SEND_BODY
  IDLE Close CLOSED
  IDLE Error ERROR
  SEND_BODY Data SEND_BODY
  SEND_BODY EndOfMessage DONE
  SEND_BODY BodyRefused MUST_CLOSE
  SEND_BODY Error ERROR
  MUST_CLOSE Close CLOSED
  CLOSED Close CLOSED`;
const SERVER_EDGES = `
  IDLE Request SEND_RESPONSE
  IDLE Response SEND_BODY
  SEND_RESPONSE Informational SEND_RESPONSE
  SEND_RESPONSE Switch SWITCHED_PROTOCOL
  SEND_RESPONSE Response SEND_BODY
  SEND_BODY Data SEND_BODY
  SEND_BODY EndOfMessage DONE
  MUST_CLOSE Close CLOSED
  CLOSED Close CLOSED`;

function edgesOf(text: string): Map<string, string> {
  const rows = text.trim().split("\n").map((row) => row.trim().split(" "));
  return new Map(rows.map(([state, event, next]) => [`${state} ${event}`, next!]));
}

function joint(state: ConnectionState): string {
  return `${state.client} ${state.server}`;
}

Deno.test("client: each edge leads where it should, each missing one is a TypeError", () => {
  const edges = edgesOf(CLIENT_EDGES);
  for (const from of Object.keys(CLIENT_TRANSITIONS) as ClientState[]) {
    for (const event of CLIENT_EVENTS) {
      const state = new ConnectionState();
      state.client = from;
      // A server state that takes part in no configuration.
      state.server = "SEND_BODY";
      const next = edges.get(`${from} ${event}`);
      if (next === undefined) {
        assertThrows(() => state.receive(event), TypeError, `receive ${event}`);
        assertEquals(state.client, from);
      } else {
        state.receive(event);
        assertEquals(state.client, next, `${from} ${event}`);
      }
    }
  }
});

Deno.test("server: each edge leads where it should, each missing one is a TypeError", () => {
  const edges = edgesOf(SERVER_EDGES);
  for (const from of Object.keys(SERVER_TRANSITIONS) as ServerState[]) {
    for (const event of SERVER_EVENTS) {
      const state = new ConnectionState();
      state.client = "SEND_BODY";
      state.server = from;
      const next = edges.get(`${from} ${event}`);
      if (next === undefined) {
        assertThrows(() => state.mustAllow(event), TypeError, `send ${event}`);
        assertThrows(() => state.send(event), TypeError, `send ${event}`);
        assertEquals(state.server, from);
      } else {
        if (event !== "Switch") state.mustAllow(event);
        state.send(event);
        assertEquals(state.server, next, `${from} ${event}`);
      }
    }
  }
});

Deno.test("a switch is allowed only to a client that asked for it and is done", () => {
  const state = new ConnectionState();
  state.receiveRequest(true);
  assertThrows(() => state.mustAllow("Switch"), TypeError);
  state.receive("EndOfMessage");
  assertEquals(joint(state), "MIGHT_SWITCH_PROTOCOL SEND_RESPONSE");
  state.mustAllow("Switch");
  state.send("Switch");
  assertEquals(joint(state), "SWITCHED_PROTOCOL SWITCHED_PROTOCOL");
});

Deno.test("a declined switch lets the next request come", () => {
  const state = new ConnectionState();
  state.receiveRequest(true);
  state.receive("EndOfMessage");
  state.send("Response");
  assertEquals(joint(state), "DONE SEND_BODY");
  state.send("EndOfMessage");
  state.startNextCycle();
  assertEquals(joint(state), "IDLE IDLE");
});

Deno.test("a switch comes before a close, a declined one does not", () => {
  const state = new ConnectionState();
  state.receiveRequest(true);
  state.disableKeepAlive();
  state.receive("EndOfMessage");
  assertEquals(joint(state), "MIGHT_SWITCH_PROTOCOL SEND_RESPONSE");
  state.send("Response");
  assertEquals(joint(state), "MUST_CLOSE SEND_BODY");
});

Deno.test("without keep-alive both sides end where they would be done, in either order", () => {
  const clientFirst = new ConnectionState();
  clientFirst.receiveRequest(false);
  clientFirst.disableKeepAlive();
  clientFirst.receive("EndOfMessage");
  assertEquals(joint(clientFirst), "MUST_CLOSE SEND_RESPONSE");
  clientFirst.send("Response");
  clientFirst.send("EndOfMessage");
  assertEquals(joint(clientFirst), "MUST_CLOSE MUST_CLOSE");
  const serverFirst = new ConnectionState();
  serverFirst.receiveRequest(false);
  serverFirst.send("Response");
  serverFirst.send("EndOfMessage");
  assertEquals(joint(serverFirst), "SEND_BODY DONE");
  serverFirst.disableKeepAlive();
  assertEquals(joint(serverFirst), "SEND_BODY MUST_CLOSE");
  serverFirst.receive("EndOfMessage");
  assertEquals(joint(serverFirst), "MUST_CLOSE MUST_CLOSE");
});

Deno.test("the client's end, its error, and an early answer close the server's side", () => {
  const ended = new ConnectionState();
  ended.receive("Close");
  assertEquals(joint(ended), "CLOSED MUST_CLOSE");
  const early = new ConnectionState();
  early.send("Response");
  assertEquals(early.keepAlive, false);
  assertEquals(joint(early), "MUST_CLOSE SEND_BODY");
  early.send("EndOfMessage");
  assertEquals(joint(early), "MUST_CLOSE MUST_CLOSE");
  const wrong = new ConnectionState();
  wrong.receiveRequest(false);
  wrong.receive("Error");
  assertEquals(wrong.keepAlive, false);
  wrong.send("Response");
  wrong.send("EndOfMessage");
  assertEquals(joint(wrong), "ERROR MUST_CLOSE");
});

Deno.test("a cycle starts anew only when both sides are done", () => {
  const state = new ConnectionState();
  state.receiveRequest(false);
  state.receive("EndOfMessage");
  state.startNextCycle();
  assertEquals(joint(state), "DONE SEND_RESPONSE");
});

/** All paths of at most `depth` steps; gives the joint states that they reach. */
function reachable(depth: number): Set<string> {
  const reached = new Set<string>();
  const steps: ((state: ConnectionState) => void)[] = [
    (state) => state.receiveRequest(true),
    (state) => state.receiveRequest(false),
    (state) => state.disableKeepAlive(),
    (state) => state.startNextCycle(),
    ...CLIENT_EVENTS.slice(1).map((event) => (state: ConnectionState) => state.receive(event)),
    ...SERVER_EVENTS.slice(1).map((event) => (state: ConnectionState) => {
      state.mustAllow(event);
      state.send(event);
    }),
  ];
  let paths: number[][] = [[]];
  for (let length = 0; length <= depth; length++) {
    const seenNow = new Map<string, number[]>();
    for (const path of paths) {
      const state = new ConnectionState();
      try {
        path.forEach((step) => steps[step]!(state));
      } catch (error) {
        if (error instanceof TypeError) continue;
        throw error;
      }
      reached.add(joint(state));
      // Equal states go on equally: one path for each is enough, with what cannot be seen.
      seenNow.set(`${joint(state)} ${state.keepAlive} ${path.includes(0)}`, path);
    }
    paths = [...seenNow.values()].flatMap((path) => steps.map((_, step) => [...path, step]));
  }
  return reached;
}

Deno.test("these and no other configurations of both sides can be reached", () => {
  assertEquals([...reachable(9)].sort(), [
    "CLOSED CLOSED",
    "CLOSED MUST_CLOSE",
    "CLOSED SEND_BODY",
    "CLOSED SEND_RESPONSE",
    "DONE DONE",
    "DONE SEND_BODY",
    "DONE SEND_RESPONSE",
    "ERROR CLOSED",
    "ERROR IDLE",
    "ERROR MUST_CLOSE",
    "ERROR SEND_BODY",
    "ERROR SEND_RESPONSE",
    "IDLE IDLE",
    "MIGHT_SWITCH_PROTOCOL SEND_RESPONSE",
    "MUST_CLOSE CLOSED",
    "MUST_CLOSE MUST_CLOSE",
    "MUST_CLOSE SEND_BODY",
    "MUST_CLOSE SEND_RESPONSE",
    "SEND_BODY CLOSED",
    "SEND_BODY DONE",
    "SEND_BODY MUST_CLOSE",
    "SEND_BODY SEND_BODY",
    "SEND_BODY SEND_RESPONSE",
    "SWITCHED_PROTOCOL SWITCHED_PROTOCOL",
  ]);
});
