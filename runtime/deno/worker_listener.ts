/**
 * The listening socket of one worker on the Deno transport, and its replacement when the certificate is
 * renewed.
 *
 * In: an address. Out: each connection, once. Closing a socket resets the connections in its backlog; so an old
 * socket is accepted from until no connection has arrived for a while. The socket listens from the beginning
 * and accepts once it is opened: until then the kernel's backlog holds the clients.
 */

import { APPLICATION_PROTOCOLS } from "../config/mod.ts";
import { hasLibc, tuneListeners } from "../os/mod.ts";
import type { ListenAddress, TlsMaterial } from "../thread/mod.ts";

/** Connections that the kernel completes while no accept is pending; Deno asks for fewer. */
const BACKLOG = 4096;
/** Milliseconds between attempts while there is no descriptor. */
const BACK_OFF = 20;
/** Milliseconds for a TCP handshake that was in progress when the socket was replaced to reach its backlog. */
const HANDSHAKE = 1_000;
/** A backlog counts as empty if no connection came for this many turns of Deno's loop, each of TURN milliseconds … */
const QUIET_TURNS = 3;
const TURN = 10;
/** … or after this many turns in any case, since new connections may keep arriving. */
const MAX_TURNS = 100;

/** Errors that mean that nothing can be accepted for now; any other concerns one connection that is gone. */
const STARVING: readonly (string | undefined)[] = ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"];

/** The text of EMFILE. */
const NO_DESCRIPTOR = "too many open files";

/** The address to bind; its fields are those of {@link ListenAddress}. */
export type BindAddress = Pick<ListenAddress, "hostname" | "port" | "tls">;

/** What the listener calls. */
export interface ListenerHandler {
  /** A connection was accepted; the handler owns it from now on. */
  accepted(conn: Deno.TcpConn | Deno.TlsConn): void;
  /** Whether there is a descriptor for one more connection; if not, nothing is accepted for now. */
  hasRoom(): boolean;
  /** Nothing can be accepted for now; the listener tries again. */
  starved(reason: string): void;
}

/** One listening socket. */
class ListeningSocket {
  readonly listener: Deno.TcpListener | Deno.TlsListener;
  isClosed = false;
  accepted = 0;
  /** Fulfilled when accepting from it has ended. */
  accepting: Promise<void> = Promise.resolve();

  constructor(listener: Deno.TcpListener | Deno.TlsListener) {
    this.listener = listener;
  }

  /** Closes it as soon as no more connections arrive. */
  async closeWhenEmpty(): Promise<void> {
    // Turns are counted and not time: a busy thread may take long for one, and does not poll the socket meanwhile.
    for (let turn = 0, quiet = 0; turn < MAX_TURNS && quiet < QUIET_TURNS; turn++) {
      const before = this.accepted;
      await pause(TURN);
      quiet = this.accepted > before ? 0 : quiet + 1;
    }
    this.close();
    // The kernel's socket goes away with the last accept, which Deno ends in a later turn. Until then the
    // steering program counts it (os/reuse_port.ts) and would choose the wrong socket as the newest.
    await this.accepting;
    await pause(TURN);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.listener.close();
  }
}

/** Accepts the connections of one worker. */
export class WorkerListener {
  readonly #handler: ListenerHandler;
  readonly #address: BindAddress;
  #socket: ListeningSocket;
  #isOpen = false;

  /** Listens. @throws {Deno.errors} as Deno.listen does, and if the certificate is invalid */
  constructor(address: BindAddress, handler: ListenerHandler) {
    this.#address = address;
    this.#handler = handler;
    this.#socket = new ListeningSocket(listen(address, address.tls));
  }

  /** Begins to accept; further calls do nothing. */
  open(): void {
    if (!this.#isOpen) this.#begin(this.#socket);
    this.#isOpen = true;
  }

  /** Serves new connections with this certificate; those in the old socket's backlog still get the old one. */
  async renew(tls: TlsMaterial): Promise<void> {
    const old = this.#socket;
    this.#socket = new ListeningSocket(listen(this.#address, tls));
    if (this.#isOpen) this.#begin(this.#socket);
    await pause(HANDSHAKE);
    await old.closeWhenEmpty();
  }

  /** Accepts what is in the backlog, then closes; fulfilled when that is done. */
  close(): Promise<void> {
    return this.#socket.closeWhenEmpty();
  }

  #begin(socket: ListeningSocket): void {
    socket.accepting = this.#accept(socket);
  }

  async #accept(socket: ListeningSocket): Promise<void> {
    while (!socket.isClosed) {
      if (!this.#handler.hasRoom()) {
        await this.#backOff(NO_DESCRIPTOR);
        continue;
      }
      try {
        const conn = await socket.listener.accept();
        socket.accepted++;
        this.#handler.accepted(conn);
      } catch (error) {
        if (socket.isClosed) return;
        if (!(error instanceof Error) || error instanceof TypeError) throw error;
        if (!STARVING.includes((error as Error & { code?: string }).code)) continue;
        await this.#backOff(error.message);
      }
    }
  }

  #backOff(reason: string): Promise<void> {
    this.#handler.starved(reason);
    return pause(BACK_OFF);
  }
}

function listen(address: BindAddress, tls: TlsMaterial | null) {
  const { hostname, port } = address;
  const where = { hostname, port, reusePort: true };
  const listener = tls === null ? Deno.listen(where) : Deno.listenTls({
    ...where,
    cert: tls.cert,
    key: tls.key,
    alpnProtocols: [...APPLICATION_PROTOCOLS],
  });
  if (hasLibc()) tuneListeners(listener.addr as Deno.NetAddr, BACKLOG);
  return listener;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
