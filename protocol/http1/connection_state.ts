/**
 * Where both sides of a connection stand, as two tables that know no bytes.
 *
 * In: events of the client (what was received) and of the server (what was sent). Out: the states,
 * which say what may come next. Called by the connection, which asks before it sends. The model is
 * that of python-hyper/h11: an event moves one side by its table; then configurations of both sides
 * move them on (`#settle`). A missing entry is the error: our own fault, so a TypeError.
 * The tables are written in words and read in numbers: every request passes here eight times, and a
 * look-up by name costs ten times one by number (130 ns a request in all).
 * ```
 * client  IDLE ─Request→ SEND_BODY ─EndOfMessage→ DONE ─┬→ (next request) IDLE
 *                                                       ├→ MUST_CLOSE, where the connection ends
 *                                                       └→ MIGHT_SWITCH_PROTOCOL, while an upgrade is asked
 * server  IDLE ─Request→ SEND_RESPONSE ─Response→ SEND_BODY ─EndOfMessage→ DONE ─→ IDLE or MUST_CLOSE
 *                                      └Switch→ SWITCHED_PROTOCOL
 * ```
 */

/** What the client has sent of its request. */
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

/** What we have sent of our response. */
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
 * What is received. `BodyRefused` is the one that is not: we answered without asking for the body
 * that the client holds back, and so will not read it.
 */
export const RECEIVED = {
  Request: 0,
  Data: 1,
  EndOfMessage: 2,
  BodyRefused: 3,
  Close: 4,
  Error: 5,
} as const;

/** What is sent; the server's side sees the client's `Request` too. */
export const SENT = {
  Request: 0,
  Informational: 1,
  Switch: 2,
  Response: 3,
  Data: 4,
  EndOfMessage: 5,
  Close: 6,
} as const;

/** The name of a state of the client. */
export type ClientState = keyof typeof CLIENT;
/** The name of a state of ours. */
export type ServerState = keyof typeof SERVER;
/** The name of what is received. */
export type ClientEvent = keyof typeof RECEIVED;
/** The name of what is sent. */
export type ServerEvent = keyof typeof SENT;

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

type Numbers<Name extends string> = { readonly [N in Name]: number };

/** A table in numbers: the next state at `state × EVENTS + event`, or NONE. */
const NONE = -1;
const EVENTS = 8;
const STATES = 8;

const CLIENT_NEXT = compile(CLIENT_TRANSITIONS, CLIENT, RECEIVED);
const SERVER_NEXT = compile(SERVER_TRANSITIONS, SERVER, SENT);
/** What a configuration, `client × STATES + server`, makes of the client. */
const JOINT_CLIENT = compileJoint((change) => change.client && CLIENT[change.client]);
/** And what it makes of us. */
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
  /** What the client has sent, of CLIENT. */
  client: number = CLIENT.IDLE;
  /** What we have sent, of SERVER. */
  server: number = SERVER.IDLE;
  /** Whether another request may follow; never true again once it is false. */
  keepAlive = true;
  #switchProposed = false;

  /** {@link client} by name. */
  get clientName(): ClientState {
    return nameOf(CLIENT, this.client);
  }

  /** {@link server} by name. */
  get serverName(): ServerState {
    return nameOf(SERVER, this.server);
  }

  /** Moves the client's side by an event of RECEIVED. Throws TypeError where the table has no entry. */
  receive(event: number): void {
    const next = CLIENT_NEXT[this.client * EVENTS + event]!; // states and events are below 8
    if (next === NONE) throw misuse("receive", nameOf(RECEIVED, event), this.clientName);
    this.client = next;
    // After either of them nobody knows where the next request would begin.
    if (event === RECEIVED.Error || event === RECEIVED.BodyRefused) this.keepAlive = false;
    this.#settle();
  }

  /** The client's Request, which both sides see; `proposesSwitch` where it asks for an upgrade. */
  receiveRequest(proposesSwitch: boolean): void {
    this.receive(RECEIVED.Request);
    this.#switchProposed = proposesSwitch;
    this.send(SENT.Request);
  }

  /** Throws TypeError unless the server may send `event` of SENT now. */
  mustAllow(event: number): void {
    const allowed = SERVER_NEXT[this.server * EVENTS + event] !== NONE &&
      (event !== SENT.Switch || this.client === CLIENT.MIGHT_SWITCH_PROTOCOL);
    if (!allowed) throw misuse("send", nameOf(SENT, event), this.serverName);
  }

  /** Moves the server's side by an event of SENT. Throws TypeError where the table has no entry. */
  send(event: number): void {
    const next = SERVER_NEXT[this.server * EVENTS + event]!; // states and events are below 8
    if (next === NONE) throw misuse("send", nameOf(SENT, event), this.serverName);
    if (event === SENT.Response) {
      // An answer other than 101 declines the upgrade.
      this.#switchProposed = false;
      // An answer before any request is the last one.
      if (this.server === SERVER.IDLE) this.keepAlive = false;
    }
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
    if (this.client !== CLIENT.DONE || this.server !== SERVER.DONE) return;
    this.client = CLIENT.IDLE;
    this.server = SERVER.IDLE;
  }

  #settle(): void {
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
