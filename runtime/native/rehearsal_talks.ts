/**
 * What the peers of a rehearsal say: see rehearsal.ts.
 *
 * In: which endpoints there are. Out: conversations that go on in each server that they move to.
 */

import { answered, handshake, said, type Talk } from "./warm_up_talks.ts";

/** A conversation that moves. */
export interface MovingTalk {
  readonly before: Talk;
  /** What is said in each server that it has moved to; empty: nothing. */
  readonly each: Talk;
}

/** Endpoints with connections that move, by their paths. */
export interface RehearsedPaths {
  /** An echo of the app; absent: there is no app. */
  readonly app?: string | undefined;
  /** Clients of channels, and streams of one channel; absent: there are none. */
  readonly clients?: string | undefined;
  readonly stream?: string | undefined;
}

/** Peers of each kind. */
const EACH = 16;

const HELLO = said("hello");
const ECHO: MovingTalk = { before: [handshake("/echo"), HELLO], each: [HELLO] };
const ASKS = answered("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
const IDLE: MovingTalk = { before: [ASKS], each: [ASKS] };
/** The channel of all of them. */
const CHANNEL = "rehearsal";

/** The conversations, so many of each kind, and one that publishes. */
export function movingTalks({ app, clients, stream }: RehearsedPaths): MovingTalk[] {
  const kinds = [IDLE, ECHO];
  if (app !== undefined) kinds.push({ ...ECHO, before: [handshake(app), HELLO] });
  if (clients !== undefined) {
    kinds.push(clientOf(clients, { history: { channel: CHANNEL, limit: 1 } }));
  }
  if (stream !== undefined) kinds.push(readerOf(stream));
  const talks = kinds.flatMap((kind) => new Array<MovingTalk>(EACH).fill(kind));
  if (clients === undefined) return talks;
  return [...talks, clientOf(clients, { publish: { channel: CHANNEL, data: {} } })];
}

/** A client that is subscribed, and sends a command in each server. */
function clientOf(path: string, command: Readonly<Record<string, unknown>>): MovingTalk {
  const subscribe = { channel: CHANNEL, recoverable: true, positioned: true };
  const commands = [{ id: 1, connect: {} }, { id: 2, subscribe }];
  return {
    before: [handshake(path), ...commands.map((one) => said(JSON.stringify(one)))],
    each: [said(JSON.stringify({ id: 3, ...command }))],
  };
}

/** A stream, whose peer only reads. */
function readerOf(path: string): MovingTalk {
  const target = `${path}?channel=${CHANNEL}`;
  return {
    before: [answered(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`)],
    each: [],
  };
}
