/**
 * Connects the client of NATS, by sockets whose late errors do not end the process.
 *
 * In: the options of the client. Out: a connection. When the client gives up a connection, it removes all listeners of its socket and
 * destroys it. In Deno 2.4.2 and 2.9.6 a destroyed socket may still have an error event, ECONNRESET if a server refuses a password, and
 * an error event without a listener is an uncaught error. So these sockets keep a listener that does nothing: the client has its own.
 */

import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import {
  type ConnectionOptions,
  type NatsConnection,
  NatsConnectionImpl,
  setTransportFactory,
} from "@nats-io/transport-node";
import type { NatsTls } from "./nats_address.ts";
import { sendAtOnce } from "../no_delay.ts";
import { connectTls } from "./nats_tls.ts";
import { nodeResolveHost, NodeTransport } from "@nats-io/transport-node/transport";

const TRANSPORT = {
  factory: () => new QuietTransport(),
  dnsResolveFn: nodeResolveHost,
};

class QuietTransport extends NodeTransport {
  override async dial(place: { hostname: string; port: number }): Promise<Socket> {
    const { tls, timeout } = this.options as { readonly tls: NatsTls | null; timeout: number };
    if (tls !== null) return keptQuiet(await connectTls(place.port, tls, timeout));
    const socket = keptQuiet(await super.dial(place));
    sendAtOnce(socket);
    return socket;
  }

  override startTLS(): Promise<TLSSocket> {
    if (this.options.tls === null) return Promise.reject(new Error("the server asks for TLS"));
    // It is encrypted since it was dialled.
    return Promise.resolve(this.socket as TLSSocket);
  }
}

/** Connects. @throws {Error} if the server cannot be reached, or refuses */
export function connectNats(options: ConnectionOptions): Promise<NatsConnection> {
  setTransportFactory(TRANSPORT);
  return NatsConnectionImpl.connect(options);
}

function keptQuiet<S extends Socket>(socket: S): S {
  const ignore = () => {};
  const remove = socket.removeAllListeners.bind(socket);
  socket.removeAllListeners = (...event) => {
    // Without an event it calls this function for each one.
    remove(...event);
    if (!socket.listeners("error").includes(ignore)) socket.on("error", ignore);
    return socket;
  };
  return socket.on("error", ignore);
}
