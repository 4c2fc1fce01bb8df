/**
 * Where both sides of a connection stand, as two tables that know no bytes.
 *
 * In: events of the client (what was received) and of the server (what was sent). Out: the states,
 * which say what may come next. Called by the connection, which asks before it sends. The model is
 * that of python-hyper/h11: an event moves one side by its table; then configurations of both sides
 * move them on (`#settle`). A missing entry is the error: our own fault, so a TypeError.
 * ```
 * client  IDLE ─Request→ SEND_BODY ─EndOfMessage→ DONE ─┬→ (next request) IDLE
 *                                                       ├→ MUST_CLOSE, where the connection ends
 *                                                       └→ MIGHT_SWITCH_PROTOCOL, while an upgrade is asked
 * server  IDLE ─Request→ SEND_RESPONSE ─Response→ SEND_BODY ─EndOfMessage→ DONE ─→ IDLE or MUST_CLOSE
 *                                      └Switch→ SWITCHED_PROTOCOL
 * ```
 */

/** What the client has sent of its request. */
export type ClientState =
  | "IDLE"
  | "SEND_BODY"
  | "DONE"
  | "MUST_CLOSE"
  | "MIGHT_SWITCH_PROTOCOL"
  | "SWITCHED_PROTOCOL"
  | "CLOSED"
  | "ERROR";

/** What we have sent of our response. */
export type ServerState =
  | "IDLE"
  | "SEND_RESPONSE"
  | "SEND_BODY"
  | "DONE"
  | "MUST_CLOSE"
  | "SWITCHED_PROTOCOL"
  | "CLOSED";

/**
 * What is received. `BodyRefused` is the one that is not: we answered without asking for the body
 * that the client holds back, and so will not read it.
 */
export type ClientEvent = "Request" | "Data" | "EndOfMessage" | "BodyRefused" | "Close" | "Error";

/** What is sent; the server's side sees the client's `Request` too. */
export type ServerEvent =
  | "Request"
  | "Informational"
  | "Switch"
  | "Response"
  | "Data"
  | "EndOfMessage"
  | "Close";

/** A side's table: state, event, next state. */
export type Transitions<State extends string, Event extends string> = {
  readonly [S in State]: { readonly [E in Event]?: State };
};

/** The client's side. */
export const CLIENT_TRANSITIONS: Transitions<ClientState, ClientEvent> = {
  IDLE: { Request: "SEND_BODY", Close: "CLOSED", Error: "ERROR" },
  SEND_BODY: { Data: "SEND_BODY", EndOfMessage: "DONE", BodyRefused: "MUST_CLOSE", Error: "ERROR" },
  DONE: {},
  MUST_CLOSE: { Close: "CLOSED" },
  MIGHT_SWITCH_PROTOCOL: {},
  SWITCHED_PROTOCOL: {},
  CLOSED: { Close: "CLOSED" },
  ERROR: {},
};

/** Our side. A response before any request is one to a head that could not be read. */
export const SERVER_TRANSITIONS: Transitions<ServerState, ServerEvent> = {
  IDLE: { Request: "SEND_RESPONSE", Response: "SEND_BODY" },
  SEND_RESPONSE: {
    Informational: "SEND_RESPONSE",
    Switch: "SWITCHED_PROTOCOL",
    Response: "SEND_BODY",
  },
  SEND_BODY: { Data: "SEND_BODY", EndOfMessage: "DONE" },
  DONE: {},
  MUST_CLOSE: { Close: "CLOSED" },
  SWITCHED_PROTOCOL: {},
  CLOSED: { Close: "CLOSED" },
};

/** Both states. */
export interface JointState {
  readonly client?: ClientState;
  readonly server?: ServerState;
}

/** Configurations of both sides that move one of them on at once: client, server, change. */
export const JOINT_TRANSITIONS: {
  readonly [C in ClientState]?: { readonly [S in ServerState]?: JointState };
} = {
  MIGHT_SWITCH_PROTOCOL: { SWITCHED_PROTOCOL: { client: "SWITCHED_PROTOCOL" } },
  // A response before any request ends the connection.
  IDLE: { SEND_BODY: { client: "MUST_CLOSE" } },
  CLOSED: { IDLE: { server: "MUST_CLOSE" }, DONE: { server: "MUST_CLOSE" } },
  ERROR: { DONE: { server: "MUST_CLOSE" } },
};

/** Both sides of one connection. */
export class ConnectionState {
  /** What the client has sent. */
  client: ClientState = "IDLE";
  /** What we have sent. */
  server: ServerState = "IDLE";
  /** Whether another request may follow; never true again once it is false. */
  keepAlive = true;
  #switchProposed = false;

  /** Moves the client's side. Throws TypeError where the table has no entry. */
  receive(event: ClientEvent): void {
    const next = CLIENT_TRANSITIONS[this.client][event];
    if (next === undefined) throw misuse("receive", event, this.client);
    this.client = next;
    // After either of them nobody knows where the next request would begin.
    if (event === "Error" || event === "BodyRefused") this.keepAlive = false;
    this.#settle();
  }

  /** The client's Request, which both sides see; `proposesSwitch` where it asks for an upgrade. */
  receiveRequest(proposesSwitch: boolean): void {
    this.receive("Request");
    this.#switchProposed = proposesSwitch;
    this.send("Request");
  }

  /** Throws TypeError unless the server may send `event` now. */
  mustAllow(event: ServerEvent): void {
    const allowed = SERVER_TRANSITIONS[this.server][event] !== undefined &&
      (event !== "Switch" || this.client === "MIGHT_SWITCH_PROTOCOL");
    if (!allowed) throw misuse("send", event, this.server);
  }

  /** Moves the server's side. Throws TypeError where the table has no entry. */
  send(event: ServerEvent): void {
    const next = SERVER_TRANSITIONS[this.server][event];
    if (next === undefined) throw misuse("send", event, this.server);
    // An answer other than 101 declines the upgrade.
    if (event === "Response") this.#switchProposed = false;
    // An answer before any request is the last one.
    if (this.server === "IDLE" && event === "Response") this.keepAlive = false;
    this.server = next;
    this.#settle();
  }

  /** Lets no request follow the current one. */
  disableKeepAlive(): void {
    this.keepAlive = false;
    this.#settle();
  }

  /** Begins with the next request when both sides are done; otherwise nothing changes. */
  startNextCycle(): void {
    if (this.client !== "DONE" || this.server !== "DONE") return;
    this.client = "IDLE";
    this.server = "IDLE";
  }

  #settle(): void {
    if (this.#switchProposed) {
      if (this.client === "DONE") this.client = "MIGHT_SWITCH_PROTOCOL";
    } else if (this.client === "MIGHT_SWITCH_PROTOCOL") {
      this.client = "DONE";
    }
    if (!this.keepAlive) {
      if (this.client === "DONE") this.client = "MUST_CLOSE";
      if (this.server === "DONE") this.server = "MUST_CLOSE";
    }
    const change = JOINT_TRANSITIONS[this.client]?.[this.server];
    if (change === undefined) return;
    if (change.client !== undefined) this.client = change.client;
    if (change.server !== undefined) this.server = change.server;
  }
}

function misuse(verb: string, event: string, state: string): TypeError {
  return new TypeError(`Cannot ${verb} ${event} while the state is ${state}`);
}
