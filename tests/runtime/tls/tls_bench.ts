/**
 * A TlsOs with one connection of the loopback interface, whose client is Deno's own TLS.
 *
 * In: a certificate of support/certificates.ts. Out: both ends. Real sockets and the real OpenSSL.
 */

import { loopbackPair } from "../../../runtime/os/mod.ts";
import {
  EAGAIN,
  EPOLL_CTL_ADD,
  EPOLL_CTL_MOD,
  EpollEvents,
  EPOLLIN,
  EPOLLOUT,
} from "../../../runtime/os/mod.ts";
import { createTicketKeys, TICKET_KEY_BYTES, TicketKeys } from "../../../runtime/ring/mod.ts";
import { type CertificateSet, TlsOs } from "../../../runtime/tls/mod.ts";
import { Authority } from "../../support/certificates.ts";

/** Waits for events at most so many times. */
const MOST_WAITS = 20_000;
const WAIT = 10;
/** Milliseconds; longer than a test. */
const WRITE_STALL = 60_000;

/** What a TlsOs has recorded for the main thread. */
export class Kept {
  readonly connections = new Map<number, number>();
  own: readonly number[] = [];

  setConnection(descriptor: number, address: number): void {
    if (address === 0) this.connections.delete(descriptor);
    else this.connections.set(descriptor, address);
  }

  setOwn(addresses: readonly number[]): void {
    this.own = addresses;
  }
}

/** The certificate and the key of an authority's files. */
export async function readPem(
  { cert, key }: { cert: string; key: string },
): Promise<{ cert: string; key: string }> {
  return { cert: await Deno.readTextFile(cert), key: await Deno.readTextFile(key) };
}

/** A set with one certificate. */
export function setOf(certificate: { cert: string; key: string }): CertificateSet {
  const certificates = [{ ...certificate, ocsp: null }];
  return { certificates, client: null };
}

/** Keys for session tickets. */
export function someTicketKeys(): TicketKeys {
  const keys = new TicketKeys(createTicketKeys());
  keys.add(crypto.getRandomValues(new Uint8Array(TICKET_KEY_BYTES)));
  return keys;
}

/** Both ends, before the handshake. */
export class TlsBench implements AsyncDisposable {
  readonly os: TlsOs;
  readonly kept: Kept;
  readonly descriptor: number;
  readonly authority: Authority;
  /** The client's socket. */
  readonly conn: Deno.Conn;
  readonly #epoll: number;
  readonly #events = new EpollEvents(8);
  #interest = EPOLLIN;
  isClosed = false;

  private constructor(
    parts: Pick<TlsBench, "os" | "kept" | "descriptor" | "authority" | "conn">,
  ) {
    this.os = parts.os;
    this.kept = parts.kept;
    this.descriptor = parts.descriptor;
    this.authority = parts.authority;
    this.conn = parts.conn;
    this.#epoll = this.os.epollCreate();
    this.os.epollControl(this.#epoll, EPOLL_CTL_ADD, this.descriptor, EPOLLIN, 1);
  }

  /** Connects, without a byte. */
  static async make({ writeStall = WRITE_STALL } = {}): Promise<TlsBench> {
    const authority = await Authority.make();
    const certificate = await readPem(await authority.sign("one"));
    const kept = new Kept();
    const tickets = someTicketKeys();
    const os = new TlsOs({ set: setOf(certificate), tickets, keeper: kept, writeStall });
    const { descriptor, conn } = await loopbackPair(new AbortController().signal);
    os.adopt(descriptor);
    return new TlsBench({ os, kept, descriptor, authority, conn });
  }

  /** The client begins TLS. */
  async client(): Promise<Deno.TlsConn> {
    const caCerts = [this.authority.pem];
    const options = { caCerts, hostname: "localhost", alpnProtocols: ["http/1.1"] };
    return await Deno.startTls(this.conn as Deno.TcpConn, options);
  }

  /** From now on waits for these events. */
  want(interest: number): void {
    if (interest === this.#interest) return;
    this.#interest = interest;
    this.os.epollControl(this.#epoll, EPOLL_CTL_MOD, this.descriptor, interest, 1);
  }

  /** Waits for these events, and returns those that are reported. */
  async wait(interest: number, block = true): Promise<number> {
    this.want(interest);
    const count = await this.os.epollWaitAsync(this.#epoll, this.#events, block ? WAIT : 0);
    return count === 0 ? 0 : this.#events.events(0);
  }

  /** Reads until there is something: a count, 0 at the end, or a negated errno. */
  async recv(bytes: Uint8Array): Promise<number> {
    for (let i = 0; i < MOST_WAITS; i++) {
      const count = this.os.recv(this.descriptor, bytes, bytes.length);
      if (count !== -EAGAIN) return count;
      await this.wait(EPOLLIN);
    }
    throw new Error("nothing arrived");
  }

  /** Sends all, by one of the two calls; the sends are counted. */
  async send(length: number, call: (from: number) => number): Promise<number> {
    let calls = 0;
    for (let sent = 0; sent < length; calls++) {
      if (calls > MOST_WAITS) throw new Error("the peer reads nothing");
      const count = call(sent);
      if (count < 0 && count !== -EAGAIN) throw new Error(`send: ${count}`);
      sent += Math.max(count, 0);
      if (sent < length) await this.wait(EPOLLOUT);
    }
    return calls;
  }

  /** The server's end of the connection. */
  close(): void {
    if (!this.isClosed) this.os.close(this.descriptor);
    this.isClosed = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    try {
      this.conn.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error; // the client has it
    }
    this.os.close(this.#epoll);
    this.os.dispose();
    await this.authority[Symbol.asyncDispose]();
  }
}
