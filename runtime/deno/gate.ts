/**
 * The listening sockets of one worker on the Deno transport: the present one, and old ones that run dry.
 *
 * In: an address. Out: each connection, once. A socket that is closed resets what waits in its queue; so
 * an old one is listened to until nothing has come for a while. It listens from the beginning and accepts
 * when it is opened: until then the kernel's queue holds the clients.
 */

import { hasLibc, tuneListeners } from "../os/mod.ts";
import type { ListenAddress, TlsMaterial } from "../thread/mod.ts";

/** Connections that the kernel completes while nobody accepts; Deno asks for fewer. */
const BACKLOG = 4096;
/** Milliseconds between tries while there is no descriptor. */
const BACK_OFF = 20;
/** A handshake that was under way when a socket was replaced has so long to reach its queue. */
const HANDSHAKE = 1_000;
/** A queue is dry when nothing came for so many turns of Deno's loop, each of so many milliseconds … */
const QUIET_TURNS = 3;
const TURN = 10;
/** … and after so many the patience ends, where nothing keeps new connections away. */
const MOST_TURNS = 100;

/** Errors that say that nothing can be accepted for now; any other is about one connection that is gone. */
const STARVING: readonly (string | undefined)[] = ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"];

/** As the kernel has it for EMFILE. */
const NO_DESCRIPTOR = "too many open files";

/** Where a gate listens; as {@link ListenAddress}. */
export type GateAddress = Pick<ListenAddress, "hostname" | "port" | "tls">;

/** Who takes what comes in. */
export interface GateKeeper {
  /** A connection, which is the keeper's from now on. */
  enter(conn: Deno.TcpConn | Deno.TlsConn): void;
  /** Whether there is a descriptor for one more; where there is none nothing is accepted for now. */
  hasRoom(): boolean;
  /** Nothing can be accepted for now; it is tried again. */
  starved(reason: string): void;
}

/** One listening socket. */
class Entry {
  readonly listener: Deno.TcpListener | Deno.TlsListener;
  isClosed = false;
  accepted = 0;
  /** Fulfilled when nobody accepts from it any more. */
  accepting: Promise<void> = Promise.resolve();

  constructor(listener: Deno.TcpListener | Deno.TlsListener) {
    this.listener = listener;
  }

  /** Closed as soon as nothing comes any more. */
  async closeWhenDry(): Promise<void> {
    // Turns and not a time: a busy thread may take long for one, and has not looked at the socket meanwhile.
    for (let turn = 0, quiet = 0; turn < MOST_TURNS && quiet < QUIET_TURNS; turn++) {
      const before = this.accepted;
      await pause(TURN);
      quiet = this.accepted > before ? 0 : quiet + 1;
    }
    this.close();
    // The kernel's socket goes with the last accept, which Deno ends in a later turn. Until then it is counted
    // by the steering, which would take another for the newest.
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
export class Gate {
  readonly #keeper: GateKeeper;
  readonly #address: GateAddress;
  #entry: Entry;
  #isOpen = false;

  /** Listens. @throws {Deno.errors} as Deno.listen does, and where the certificate is none */
  constructor(address: GateAddress, keeper: GateKeeper) {
    this.#address = address;
    this.#keeper = keeper;
    this.#entry = new Entry(listen(address, address.tls));
  }

  /** Begins to accept; may be called again. */
  open(): void {
    if (!this.#isOpen) this.#begin(this.#entry);
    this.#isOpen = true;
  }

  /** New connections get this certificate; those of the old socket's queue still get the old one. */
  async renew(tls: TlsMaterial): Promise<void> {
    const old = this.#entry;
    this.#entry = new Entry(listen(this.#address, tls));
    if (this.#isOpen) this.#begin(this.#entry);
    await pause(HANDSHAKE);
    await old.closeWhenDry();
  }

  /** Accepts what has come, and no more; fulfilled when that is done. */
  close(): Promise<void> {
    return this.#entry.closeWhenDry();
  }

  #begin(entry: Entry): void {
    entry.accepting = this.#accept(entry);
  }

  async #accept(entry: Entry): Promise<void> {
    while (!entry.isClosed) {
      if (!this.#keeper.hasRoom()) {
        await this.#backOff(NO_DESCRIPTOR);
        continue;
      }
      try {
        const conn = await entry.listener.accept();
        entry.accepted++;
        this.#keeper.enter(conn);
      } catch (error) {
        if (entry.isClosed) return;
        if (!(error instanceof Error) || error instanceof TypeError) throw error;
        if (!STARVING.includes((error as Error & { code?: string }).code)) continue;
        await this.#backOff(error.message);
      }
    }
  }

  #backOff(reason: string): Promise<void> {
    this.#keeper.starved(reason);
    return pause(BACK_OFF);
  }
}

function listen(address: GateAddress, tls: TlsMaterial | null) {
  const { hostname, port } = address;
  const where = { hostname, port, reusePort: true };
  const listener = tls === null ? Deno.listen(where) : Deno.listenTls({
    ...where,
    cert: tls.cert,
    key: tls.key,
    alpnProtocols: ["http/1.1"],
  });
  if (hasLibc()) tuneListeners(listener.addr as Deno.NetAddr, BACKLOG);
  return listener;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
