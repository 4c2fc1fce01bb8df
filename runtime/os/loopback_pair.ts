/**
 * A connection within this process: one end is a descriptor that libc writes to, the other a `Deno.Conn`.
 *
 * In: nothing. Out: the two ends. Used to wake Deno's own event loop from code that this loop does not run: a
 * write to the descriptor is an event that it polls. It uses TCP on 127.0.0.1, since a Unix socket would need
 * the permission to write a file.
 */

import { EINPROGRESS } from "./errno.ts";
import { libc } from "./libc.ts";
import { AF_INET, SOCKADDR_BYTES, sockaddrPort } from "./sockaddr.ts";
import { expectSuccess, result } from "./syscall.ts";

const LOOPBACK = [127, 0, 0, 1] as const;
/** sizeof(struct sockaddr_in) */
const SOCKADDR_IN_BYTES = 16;
const SOCK_STREAM_NONBLOCK_CLOEXEC = 1 | 0x800 | 0x80000;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
/** Connections of other processes that are refused before the attempt fails. */
const MAX_FOREIGN_CONNECTIONS = 8;

/** The two ends; each has to be closed. */
export interface LoopbackPair {
  /** A non-blocking socket. */
  readonly descriptor: number;
  readonly conn: Deno.Conn;
}

/**
 * Makes a pair.
 *
 * @param signal aborts while the connection is being made
 * @throws {SystemError} if the kernel has no descriptor left
 * @throws {Deno.errors} if Deno has none, or may not listen on 127.0.0.1
 */
export async function loopbackPair(signal: AbortSignal): Promise<LoopbackPair> {
  const listener = Deno.listen({ hostname: LOOPBACK.join("."), port: 0 });
  const close = () => listener.close();
  signal.addEventListener("abort", close);
  let descriptor = -1;
  try {
    descriptor = connect((listener.addr as Deno.NetAddr).port);
    const conn = await acceptFrom(listener, portOf(descriptor));
    return { descriptor, conn };
  } catch (error) {
    if (descriptor >= 0) libc().close(descriptor);
    throw error;
  } finally {
    signal.removeEventListener("abort", close);
    if (!signal.aborted) close();
  }
}

function connect(port: number): number {
  const { socket, connect, setsockopt } = libc();
  const made = socket(AF_INET, SOCK_STREAM_NONBLOCK_CLOEXEC, 0);
  const descriptor = expectSuccess("socket", result(made));
  const on = new Uint8Array(new Int32Array([1]).buffer);
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, on, 4); // if it fails, rings are only slower
  const address = new Uint8Array(SOCKADDR_IN_BYTES);
  address.set([AF_INET, 0, port >> 8, port & 0xff, ...LOOPBACK]);
  const connected = result(connect(descriptor, address, address.length));
  if (connected !== -EINPROGRESS) expectSuccess("connect", connected, descriptor);
  return descriptor;
}

/** Accepts our own connection: any process of this machine may connect to the port while it listens. */
async function acceptFrom(listener: Deno.TcpListener, port: number): Promise<Deno.TcpConn> {
  for (let i = 0; i <= MAX_FOREIGN_CONNECTIONS; i++) {
    const conn = await listener.accept();
    if (conn.remoteAddr.port === port) return conn;
    conn.close();
  }
  throw new Deno.errors.ConnectionRefused(
    "only other processes connected to a port meant for this one",
  );
}

function portOf(descriptor: number): number {
  const sockaddr = new Uint8Array(SOCKADDR_BYTES);
  const length = new Uint8Array(new Uint32Array([SOCKADDR_BYTES]).buffer);
  expectSuccess("getsockname", result(libc().getsockname(descriptor, sockaddr, length)));
  return sockaddrPort(sockaddr);
}
