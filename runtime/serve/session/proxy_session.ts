/**
 * The session of a connection that begins with a PROXY header; an HttpSession follows it.
 *
 * In: the first bytes of a connection. Out: the client's address, and an HttpSession with the bytes that
 * follow. An invalid header, or none in time, ends the connection without an answer: the peer is not a
 * trusted proxy, and learns nothing.
 */

import {
  LONGEST_PROXY_HEADER,
  NEED_DATA,
  ProtocolError,
  type ProxyHeader,
  readProxyHeader,
} from "../../../protocol/mod.ts";
import type { Session, Transport } from "../../net/mod.ts";
import { COLUMN } from "../../ring/mod.ts";
import type { SessionContext } from "./context.ts";
import { HttpSession } from "./http_session.ts";
import { LAST_REQUEST } from "./http_wait.ts";

/** A transport whose peer address can be replaced. */
export interface ProxiedTransport extends Transport {
  peerAddress: string;
  peerPort: number;
}

/** The first session of a connection: by the config, for a PROXY header or for HTTP. */
export function firstSession(context: SessionContext, transport: ProxiedTransport): Session {
  return context.config.proxy.protocol
    ? new ProxySession(context, transport)
    : httpSession(context, transport);
}

/** An HTTP session for `transport`: of the pool if it has one. */
export function httpSession(context: SessionContext, transport: Transport): HttpSession {
  const session = context.sessions.take() ?? new HttpSession(context);
  session.attach(transport);
  return session;
}

/** Waits for the header. */
class ProxySession implements Session {
  readonly directBytes = new Uint8Array(0);
  readonly directStart = 0;
  readonly directEnd = 0;
  readonly heldBytes = 0;
  readonly heldSince = 0;
  readonly #context: SessionContext;
  readonly #transport: ProxiedTransport;
  #bytes = new Uint8Array(0);

  constructor(context: SessionContext, transport: ProxiedTransport) {
    this.#context = context;
    this.#transport = transport;
    if (context.draining) this.drain();
    else transport.setDeadline(context.loop.now + context.config.limits.headTime);
  }

  receive(bytes: Uint8Array, start: number, end: number): void {
    const before = this.#bytes.length;
    // The bytes after the header are at most one receive: this call passes them to HTTP.
    const all = new Uint8Array(before + end - start);
    all.set(this.#bytes);
    all.set(bytes.subarray(start, end), before);
    this.#bytes = all;
    try {
      const header = readProxyHeader(all, all.length);
      if (header === NEED_DATA) this.#mustBeShort();
      else this.#hand(header);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuse(error.code);
    }
  }

  receiveEnd(): void {
    this.#transport.abort();
  }

  deadline(): void {
    this.#context.counters.add(COLUMN.timeoutsHead, 1);
    this.#transport.abort();
  }

  drained(): void {}
  closed(): void {}
  receivedDirect(): void {}

  /** The header may be on its way, with a first request after it. */
  drain(): void {
    this.#transport.setDeadline(this.#context.loop.now + LAST_REQUEST);
  }

  wantsDirect(): boolean {
    return false;
  }

  shed(): void {
    this.#transport.abort();
  }

  #mustBeShort(): void {
    if (this.#bytes.length > LONGEST_PROXY_HEADER) this.#refuse("PROXY_HEADER");
  }

  #hand({ address, port, length }: ProxyHeader): void {
    if (address !== "") {
      this.#transport.peerAddress = address;
      this.#transport.peerPort = port;
    }
    const session = httpSession(this.#context, this.#transport);
    this.#transport.setSession(session);
    // Called even if no bytes follow: it sets the deadline.
    session.receive(this.#bytes, length, this.#bytes.length);
  }

  #refuse(code: string): void {
    const { counters, log, warnings } = this.#context;
    const { descriptor, peerAddress } = this.#transport;
    counters.add(COLUMN.protocolErrors, 1);
    counters.add(COLUMN.refusedProxyHeader, 1);
    log.note("PROXY", `fd=${descriptor}${peerAddress && ` from ${peerAddress}`} refused ${code}`);
    warnings.say(
      "PROXY",
      "closed a connection without a PROXY header, which --proxy-protocol requires of every client: " +
        "does the proxy send the header, and do all clients connect through the proxy?",
    );
    this.#transport.abort();
  }
}
