/**
 * What a session knows of its socket, and what a socket asks of its session.
 *
 * Both transports, epoll's and Deno's, are one of these; a session never learns which one. Calls go
 * both ways on one thread, and a session may be closed within its own call of `out.write` or
 * `out.flush`: after each it looks at `closed` before it goes on.
 */

import type { ReadPlace } from "../os/mod.ts";
import type { Outgoing } from "./outgoing.ts";

/** Bytes in, bytes out, and an end: the session's side of a connection. */
export interface Transport {
  /** The descriptor, for the log. */
  readonly descriptor: number;
  /** The peer's address as text; empty where nobody wants to know it. */
  readonly peerAddress: string;
  /** What is sent: the connection's own queue, the one way to send. */
  readonly out: Outgoing;
  /** The connection is gone; every further call is without effect. */
  readonly closed: boolean;
  /** Nothing more can be said: {@link finish} was called, or the connection is gone. */
  readonly ended: boolean;
  /** Bytes that wait for the peer to read; 0 as long as the socket takes all that is sent. */
  readonly queuedBytes: number;
  /** Stops and starts receiving; what was received is not lost. */
  setReading(reading: boolean): void;
  /**
   * Sends what is queued, and closes when all of it is sent. With `lingering` input of the peer may still
   * come: it is read and dropped for a while, since closing over unread input would reset what was sent.
   */
  finish(lingering: boolean): void;
  /** Closes now and drops what is queued. */
  abort(): void;
  /** The other end from now on: an upgrade. */
  setSession(session: Session): void;
  /** When `session.deadline` is to be called, in the loop's milliseconds, or NEVER. */
  setDeadline(deadline: number): void;
}

/** A file that is open for reading, shared by all who send from it. */
export interface OpenFile {
  /** Valid while held. */
  readonly descriptor: number;
  /** One more holds it. */
  hold(): void;
  /** One fewer; the last one closes it. */
  release(): void;
  /** Reads into `bytes[start, end)` from `offset` on: a count, 0 at the end, or a negated errno. */
  read(bytes: Uint8Array, at: ReadPlace): number;
}

/** What the transport calls. */
export interface Session {
  /** `bytes[start, end)` arrived; the view is the session's to change, and valid until it returns. */
  receive(bytes: Uint8Array, start: number, end: number): void;
  /** The peer sends no more; it may still read. */
  receiveEnd(): void;
  /** All that waited for the peer was sent. */
  drained(): void;
  /** The deadline that was set has passed. */
  deadline(now: number): void;
  /** The connection is gone, whoever ended it. Called once, last. */
  closed(): void;
  /** The server stops: end as soon as what is under way is done. */
  drain(): void;
  /** The session wants the next bytes at a place of its own: see the three fields below. */
  wantsDirect(): boolean;
  /** Where they go, if it does: `directBytes[directStart, directEnd)`. */
  readonly directBytes: Uint8Array;
  /** First byte of the place. */
  readonly directStart: number;
  /** End of the place. */
  readonly directEnd: number;
  /** `count` bytes were received there. */
  receivedDirect(count: number): void;
}
