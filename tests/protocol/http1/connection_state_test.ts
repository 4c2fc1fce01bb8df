/**
 * Both transition tables of a connection, entry by entry, and the states that they can reach.
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  CLIENT,
  CLIENT_TRANSITIONS,
  type ClientEvent,
  type ClientState,
  ConnectionState,
  RECEIVED,
  SENT,
  SERVER,
  SERVER_TRANSITIONS,
  type ServerEvent,
  type ServerState,
} from "../../../protocol/http1/connection_state.ts";

const CLIENT_EVENTS = Object.keys(RECEIVED) as ClientEvent[];
const SERVER_EVENTS = Object.keys(SENT) as ServerEvent[];

// The expected table, written independently: state, event, next state.
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
  return `${state.clientName} ${state.serverName}`;
}

Deno.test("client: each transition has the expected target, each missing one is a TypeError", () => {
  const edges = edgesOf(CLIENT_EDGES);
  for (const from of Object.keys(CLIENT_TRANSITIONS) as ClientState[]) {
    for (const event of CLIENT_EVENTS) {
      const state = new ConnectionState();
      state.client = CLIENT[from];
      // A server state without joint transitions.
      state.server = SERVER.SEND_BODY;
      const next = edges.get(`${from} ${event}`);
      if (next === undefined) {
        assertThrows(() => state.receive(RECEIVED[event]), TypeError, `receive ${event}`);
        assertEquals(state.clientName, from);
      } else {
        state.receive(RECEIVED[event]);
        assertEquals(state.clientName, next, `${from} ${event}`);
      }
    }
  }
});

Deno.test("server: each transition has the expected target, each missing one is a TypeError", () => {
  const edges = edgesOf(SERVER_EDGES);
  for (const from of Object.keys(SERVER_TRANSITIONS) as ServerState[]) {
    for (const event of SERVER_EVENTS) {
      const state = new ConnectionState();
      state.client = CLIENT.SEND_BODY;
      state.server = SERVER[from];
      const next = edges.get(`${from} ${event}`);
      if (next === undefined) {
        assertThrows(() => state.mustAllow(SENT[event]), TypeError, `send ${event}`);
        assertThrows(() => state.send(SENT[event]), TypeError, `send ${event}`);
        assertEquals(state.serverName, from);
      } else {
        if (event !== "Switch") state.mustAllow(SENT[event]);
        state.send(SENT[event]);
        assertEquals(state.serverName, next, `${from} ${event}`);
      }
    }
  }
});

Deno.test("a protocol switch is allowed only if the client requested it and its request is complete", () => {
  const state = new ConnectionState();
  state.receiveRequest(true);
  assertThrows(() => state.mustAllow(SENT.Switch), TypeError);
  state.receive(RECEIVED.EndOfMessage);
  assertEquals(joint(state), "MIGHT_SWITCH_PROTOCOL SEND_RESPONSE");
  state.mustAllow(SENT.Switch);
  state.send(SENT.Switch);
  assertEquals(joint(state), "SWITCHED_PROTOCOL SWITCHED_PROTOCOL");
});

Deno.test("after a declined switch the next request can follow", () => {
  const state = new ConnectionState();
  state.receiveRequest(true);
  state.receive(RECEIVED.EndOfMessage);
  state.send(SENT.Response);
  assertEquals(joint(state), "DONE SEND_BODY");
  state.send(SENT.EndOfMessage);
  state.startNextCycle();
  assertEquals(joint(state), "IDLE IDLE");
});

Deno.test("a switch takes precedence over close, a declined one does not", () => {
  const state = new ConnectionState();
  state.receiveRequest(true);
  state.disableKeepAlive();
  state.receive(RECEIVED.EndOfMessage);
  assertEquals(joint(state), "MIGHT_SWITCH_PROTOCOL SEND_RESPONSE");
  state.send(SENT.Response);
  assertEquals(joint(state), "MUST_CLOSE SEND_BODY");
});

Deno.test("without keep-alive both sides reach MUST_CLOSE instead of DONE, in either order", () => {
  const clientFirst = new ConnectionState();
  clientFirst.receiveRequest(false);
  clientFirst.disableKeepAlive();
  clientFirst.receive(RECEIVED.EndOfMessage);
  assertEquals(joint(clientFirst), "MUST_CLOSE SEND_RESPONSE");
  clientFirst.send(SENT.Response);
  clientFirst.send(SENT.EndOfMessage);
  assertEquals(joint(clientFirst), "MUST_CLOSE MUST_CLOSE");
  const serverFirst = new ConnectionState();
  serverFirst.receiveRequest(false);
  serverFirst.send(SENT.Response);
  serverFirst.send(SENT.EndOfMessage);
  assertEquals(joint(serverFirst), "SEND_BODY DONE");
  serverFirst.disableKeepAlive();
  assertEquals(joint(serverFirst), "SEND_BODY MUST_CLOSE");
  serverFirst.receive(RECEIVED.EndOfMessage);
  assertEquals(joint(serverFirst), "MUST_CLOSE MUST_CLOSE");
});

Deno.test("the client's end of stream, its error, and an early response close the server side", () => {
  const ended = new ConnectionState();
  ended.receive(RECEIVED.Close);
  assertEquals(joint(ended), "CLOSED MUST_CLOSE");
  const early = new ConnectionState();
  early.send(SENT.Response);
  assertEquals(early.keepAlive, false);
  assertEquals(joint(early), "MUST_CLOSE SEND_BODY");
  early.send(SENT.EndOfMessage);
  assertEquals(joint(early), "MUST_CLOSE MUST_CLOSE");
  const wrong = new ConnectionState();
  wrong.receiveRequest(false);
  wrong.receive(RECEIVED.Error);
  assertEquals(wrong.keepAlive, false);
  wrong.send(SENT.Response);
  wrong.send(SENT.EndOfMessage);
  assertEquals(joint(wrong), "ERROR MUST_CLOSE");
});

Deno.test("the next cycle starts only if both sides are done", () => {
  const state = new ConnectionState();
  state.receiveRequest(false);
  state.receive(RECEIVED.EndOfMessage);
  state.startNextCycle();
  assertEquals(joint(state), "DONE SEND_RESPONSE");
});

/** The joint states that paths of at most `depth` steps reach. */
function reachable(depth: number): Set<string> {
  const reached = new Set<string>();
  const steps: ((state: ConnectionState) => void)[] = [
    (state) => state.receiveRequest(true),
    (state) => state.receiveRequest(false),
    (state) => state.disableKeepAlive(),
    (state) => state.startNextCycle(),
    ...CLIENT_EVENTS.slice(1).map((event) => (state: ConnectionState) =>
      state.receive(RECEIVED[event])
    ),
    ...SERVER_EVENTS.slice(1).map((event) => (state: ConnectionState) => {
      state.mustAllow(SENT[event]);
      state.send(SENT[event]);
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
      // Equal states continue equally, so one path per state is enough. The key includes hidden state.
      seenNow.set(`${joint(state)} ${state.keepAlive} ${path.includes(0)}`, path);
    }
    paths = [...seenNow.values()].flatMap((path) => steps.map((_, step) => [...path, step]));
  }
  return reached;
}

Deno.test("exactly these combinations of states are reachable", () => {
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
