/**
 * The states of both sides of a connection, as tables. No bytes are handled here.
 *
 * In: client events (received) and server events (sent). Out: the states, which define what may come
 * next. Called by the connection, which asks before it sends. The model is that of python-hyper/h11: an
 * event moves one side by its table; then the combination of both states may move either side
 * (`#applyJointTransitions`). A missing entry is misuse by our own code, so a TypeError.
 * The tables are written with names and compiled to numbers: each request makes eight look-ups, and a
 * look-up by name takes ten times as long as one by number (130 ns per request in all).
 * ```
 * client  IDLE ─Request→ SEND_BODY ─EndOfMessage→ DONE ─┬→ (next request) IDLE
 *                                                       ├→ MUST_CLOSE, if the connection ends
 *                                                       └→ MIGHT_SWITCH_PROTOCOL, if an upgrade is requested
 * server  IDLE ─Request→ SEND_RESPONSE ─Response→ SEND_BODY ─EndOfMessage→ DONE ─→ IDLE or MUST_CLOSE
 *                                      └Switch→ SWITCHED_PROTOCOL
 * ```
 */

/** The client's states: what it has sent of its request. */
export const CLIENT = {
  IDLE: 0,
  SEND_BODY: 1,
  DONE: 2,
  MUST_CLOSE: 3,
  MIGHT_SWITCH_PROTOCOL: 4,
  SWITCHED_PROTOCOL: 5,
  CLOSED: 6,
  ERROR: 7,
} as const;

/** The server's states: what it has sent of its response. */
export const SERVER = {
  IDLE: 0,
  SEND_RESPONSE: 1,
  SEND_BODY: 2,
  DONE: 3,
  MUST_CLOSE: 4,
  SWITCHED_PROTOCOL: 5,
  CLOSED: 6,
} as const;

/**
 * The client's events: what is received. Only `BodyRefused` is not received: the server answered without
 * sending 100 (Continue), and so will not read the body that the client holds back.
 */
export const RECEIVED = {
  Request: 0,
  Data: 1,
  EndOfMessage: 2,
  BodyRefused: 3,
  Close: 4,
  Error: 5,
} as const;

/** The server's events: what is sent, and the client's `Request`. */
export const SENT = {
  Request: 0,
  Informational: 1,
  Switch: 2,
  Response: 3,
  Data: 4,
  EndOfMessage: 5,
  Close: 6,
} as const;

/** The name of a client state. */
export type ClientState = keyof typeof CLIENT;
/** The name of a server state. */
export type ServerState = keyof typeof SERVER;
/** The name of a client event. */
export type ClientEvent = keyof typeof RECEIVED;
/** The name of a server event. */
export type ServerEvent = keyof typeof SENT;

/** The transition table of one side: state, event, next state. */
export type Transitions<State extends string, Event extends string> = {
  readonly [S in State]: { readonly [E in Event]?: State };
};

/** The client's transitions. */
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

/** The server's transitions. A response before any request answers a head that could not be parsed. */
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

/** New states of the two sides. */
export interface JointState {
  readonly client?: ClientState;
  readonly server?: ServerState;
}

/** Combinations of states that move one side at once: client state, server state, change. */
export const JOINT_TRANSITIONS: {
  readonly [C in ClientState]?: { readonly [S in ServerState]?: JointState };
} = {
  MIGHT_SWITCH_PROTOCOL: { SWITCHED_PROTOCOL: { client: "SWITCHED_PROTOCOL" } },
  // A response before any request ends the connection.
  IDLE: { SEND_BODY: { client: "MUST_CLOSE" } },
  CLOSED: { IDLE: { server: "MUST_CLOSE" }, DONE: { server: "MUST_CLOSE" } },
  ERROR: { DONE: { server: "MUST_CLOSE" } },
};

type Numbers<Name extends string> = { readonly [N in Name]: number };

/** Compiled tables hold the next state at `state × EVENTS + event`, or NONE. */
const NONE = -1;
const EVENTS = 8;
const STATES = 8;

const CLIENT_NEXT = compile(CLIENT_TRANSITIONS, CLIENT, RECEIVED);
const SERVER_NEXT = compile(SERVER_TRANSITIONS, SERVER, SENT);
/** The client's next state for a combination, at `client × STATES + server`. */
const JOINT_CLIENT = compileJoint((change) => change.client && CLIENT[change.client]);
/** The server's next state for a combination. */
const JOINT_SERVER = compileJoint((change) => change.server && SERVER[change.server]);

function compile<State extends string, Event extends string>(
  table: Transitions<State, Event>,
  states: Numbers<State>,
  events: Numbers<Event>,
): Int8Array {
  const compiled = new Int8Array(STATES * EVENTS).fill(NONE);
  for (const state of namesOf(states)) {
    for (const event of namesOf(events)) {
      const next = table[state][event];
      if (next !== undefined) compiled[states[state] * EVENTS + events[event]] = states[next];
    }
  }
  return compiled;
}

function compileJoint(part: (change: JointState) => number | undefined): Int8Array {
  const compiled = new Int8Array(STATES * STATES).fill(NONE);
  for (const client of namesOf(CLIENT)) {
    for (const server of namesOf(SERVER)) {
      const change = JOINT_TRANSITIONS[client]?.[server];
      const next = change === undefined ? undefined : part(change);
      if (next !== undefined) compiled[CLIENT[client] * STATES + SERVER[server]] = next;
    }
  }
  return compiled;
}

function namesOf<Name extends string>(numbers: Numbers<Name>): Name[] {
  return Object.keys(numbers) as Name[];
}

function nameOf<Name extends string>(numbers: Numbers<Name>, wanted: number): Name {
  return namesOf(numbers).find((name) => numbers[name] === wanted)!; // every number has its name
}

/** Both sides of one connection. */
export class ConnectionState {
  /** The client's state, of CLIENT. */
  client: number = CLIENT.IDLE;
  /** The server's state, of SERVER. */
  server: number = SERVER.IDLE;
  /** Whether another request may follow. Once false, it stays false. */
  keepAlive = true;
  #switchProposed = false;

  /** Back to the state of a new connection. */
  reset(): void {
    this.client = CLIENT.IDLE;
    this.server = SERVER.IDLE;
    this.keepAlive = true;
    this.#switchProposed = false;
  }

  /** {@link client} by name. */
  get clientName(): ClientState {
    return nameOf(CLIENT, this.client);
  }

  /** {@link server} by name. */
  get serverName(): ServerState {
    return nameOf(SERVER, this.server);
  }

  /** Applies a client event, of RECEIVED. Throws TypeError if the table has no entry. */
  receive(event: number): void {
    const next = CLIENT_NEXT[this.client * EVENTS + event]!; // states and events are below 8
    if (next === NONE) throw misuse("receive", nameOf(RECEIVED, event), this.clientName);
    this.client = next;
    // After either event, the start of the next request is unknown.
    if (event === RECEIVED.Error || event === RECEIVED.BodyRefused) this.keepAlive = false;
    this.#applyJointTransitions();
  }

  /** Applies the client's Request to both sides; `proposesSwitch` is true if it asks for an upgrade. */
  receiveRequest(proposesSwitch: boolean): void {
    this.receive(RECEIVED.Request);
    this.#switchProposed = proposesSwitch;
    this.send(SENT.Request);
  }

  /** Throws TypeError unless the server may send `event`, of SENT, now. */
  mustAllow(event: number): void {
    const allowed = SERVER_NEXT[this.server * EVENTS + event] !== NONE &&
      (event !== SENT.Switch || this.client === CLIENT.MIGHT_SWITCH_PROTOCOL);
    if (!allowed) throw misuse("send", nameOf(SENT, event), this.serverName);
  }

  /** Applies a server event, of SENT. Throws TypeError if the table has no entry. */
  send(event: number): void {
    const next = SERVER_NEXT[this.server * EVENTS + event]!; // states and events are below 8
    if (next === NONE) throw misuse("send", nameOf(SENT, event), this.serverName);
    if (event === SENT.Response) {
      // A response other than 101 declines the upgrade.
      this.#switchProposed = false;
      // A response before any request is the last one.
      if (this.server === SERVER.IDLE) this.keepAlive = false;
    }
    this.server = next;
    this.#applyJointTransitions();
  }

  /** Makes the current request the last one. */
  disableKeepAlive(): void {
    this.keepAlive = false;
    this.#applyJointTransitions();
  }

  /** Starts the next request if both sides are done; otherwise nothing changes. */
  startNextCycle(): void {
    if (this.client !== CLIENT.DONE || this.server !== SERVER.DONE) return;
    this.client = CLIENT.IDLE;
    this.server = SERVER.IDLE;
  }

  #applyJointTransitions(): void {
    if (this.#switchProposed) {
      if (this.client === CLIENT.DONE) this.client = CLIENT.MIGHT_SWITCH_PROTOCOL;
    } else if (this.client === CLIENT.MIGHT_SWITCH_PROTOCOL) {
      this.client = CLIENT.DONE;
    }
    if (!this.keepAlive) {
      if (this.client === CLIENT.DONE) this.client = CLIENT.MUST_CLOSE;
      if (this.server === SERVER.DONE) this.server = SERVER.MUST_CLOSE;
    }
    const both = this.client * STATES + this.server;
    const client = JOINT_CLIENT[both]!; // both states are below 8
    const server = JOINT_SERVER[both]!;
    if (client !== NONE) this.client = client;
    if (server !== NONE) this.server = server;
  }
}

function misuse(verb: string, event: string, state: string): TypeError {
  return new TypeError(`Cannot ${verb} ${event} while the state is ${state}`);
}
