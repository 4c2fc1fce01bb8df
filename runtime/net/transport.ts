/**
 * The interface between a session and its socket: what the session calls, and what the socket calls.
 *
 * Both transports, the one on epoll and the one on Deno's sockets, implement `Transport`; a session does not
 * know which one it has. Calls go both ways on one thread. A session may be closed within its own call of
 * `out.write` or `out.flush`, so it checks `closed` after each of them.
 */

import type { ReadPlace } from "../os/mod.ts";
import type { Outgoing } from "./outgoing.ts";

/** A connection as its session sees it: bytes in, bytes out, and an end. */
export interface Transport {
  /** The descriptor, for the log. */
  readonly descriptor: number;
  /** The peer's address as text; empty if nothing needs it. */
  readonly peerAddress: string;
  /** The peer's port; 0 if it has none, or if the address is empty. */
  readonly peerPort: number;
  /** The connection's outgoing queue, the only way to send. */
  readonly out: Outgoing;
  /** The connection is gone; further calls have no effect. */
  readonly closed: boolean;
  /** Nothing more can be sent: {@link finish} was called, or the connection is gone. */
  readonly ended: boolean;
  /** Bytes that wait for the peer to read; 0 as long as the socket takes all bytes. */
  readonly queuedBytes: number;
  /** Pauses or resumes receiving; bytes already received are not lost. */
  setReading(reading: boolean): void;
  /**
   * Sends what is queued, and closes when all of it is sent. With `lingering`, the peer's input is read and
   * discarded for a while, since closing a socket with unread input resets the connection.
   */
  finish(lingering: boolean): void;
  /** Closes now and drops what is queued. */
  abort(): void;
  /** Replaces the session, for an upgrade. */
  setSession(session: Session): void;
  /** Sets when `session.deadline` is called, in the loop's milliseconds, or NEVER. */
  setDeadline(deadline: number): void;
}

/** A file that is open for reading, reference-counted by the queues that send from it. */
export interface OpenFile {
  /** Valid while held. */
  readonly descriptor: number;
  /** Adds a reference. */
  hold(): void;
  /** Drops a reference; dropping the last one closes the file. */
  release(): void;
  /** Reads into `bytes[start, end)` from `offset` on: a count, 0 at the end, or a negated errno. */
  read(bytes: Uint8Array, at: ReadPlace): number;
}

/** What a session leaves to one in another process, which goes on with its connection. */
export interface MovedSession {
  /** A WebSocket, an HTTP answer that is sent over time, or HTTP between two requests. */
  readonly kind: "websocket" | "stream" | "idle";
  /** The path of its endpoint; empty: it has none. */
  readonly endpoint: string;
  /** What permessage-deflate was negotiated with; 0: it was not. */
  readonly windowBits: number;
  /** What the endpoint has to know of the connection; empty: nothing. */
  readonly state: Uint8Array;
  /** Bytes of the peer with which the new session is where this one was: frames, or the request. */
  readonly unread: Uint8Array;
  /** The only worker that can go on with it, by its number; absent: any. */
  readonly worker?: number | undefined;
}

/** Why a connection does not go on in another process: never, or not before what is under way has ended. */
export type Unmoved = "stays" | "busy";

/** What the transport calls. */
export interface Session {
  /** `bytes[start, end)` arrived. The session may change the bytes; they are valid until it returns. */
  receive(bytes: Uint8Array, start: number, end: number): void;
  /** The peer ended its stream; it may still read. */
  receiveEnd(): void;
  /** All bytes that waited for the peer were sent. */
  drained(): void;
  /** The deadline that was set has passed. */
  deadline(now: number): void;
  /** The connection is gone, whichever side ended it. Called once, last. */
  closed(): void;
  /** The server stops: end as soon as the work in progress is done. */
  drain(): void;
  /** What the peer sends waits, in the kernel: the server hands over what it is about. Absent: it is handled as before. */
  freeze?(): void;
  /** Whether something waits for that. */
  readonly isFrozen?: boolean;
  /** Takes that back. Returns whether there was something to take back. */
  thaw?(): boolean;
  /** Ends the session because its connection goes on in another process; or says why it does not, and nothing has happened. Absent: never. */
  move?(): MovedSession | Unmoved;
  /**
   * Whether the next bytes are to be received straight into the session's memory, given by the three fields
   * below.
   */
  wantsDirect(): boolean;
  /** The memory for them: `directBytes[directStart, directEnd)`. */
  readonly directBytes: Uint8Array;
  /** First byte of that range. */
  readonly directStart: number;
  /** End of that range. */
  readonly directEnd: number;
  /** `count` bytes were received there. */
  receivedDirect(count: number): void;
  /** Bytes of memory that are free again if the session ends now; asked only if memory is short. */
  readonly heldBytes: number;
  /** Since when the session has held them, in the loop's milliseconds. */
  readonly heldSince: number;
  /** Memory is short: the session ends now, and tells the peer why if it still can. */
  shed(): void;
}
