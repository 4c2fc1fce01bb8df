/**
 * A listening socket that another process opened and passes on: systemd by socket activation, sd_listen_fds(3), or the
 * server that this one replaces.
 *
 * In: the variables LISTEN_PID and LISTEN_FDS, or a descriptor. Out: the descriptor, adopted; `isActivated` says whether systemd passes
 * one, which is then descriptor 3. The unit file sets its address; IP and PORT of the command line are then ignored. The descriptor must
 * be a listening socket: anything else is an error.
 */

import { ENOTSOCK } from "./errno.ts";
import { libc } from "./libc.ts";
import { setBlocking } from "./listener.ts";
import {
  AF_INET,
  AF_INET6,
  SOCKADDR_BYTES,
  sockaddrFamily,
  sockaddrHostname,
  sockaddrPort,
} from "./sockaddr.ts";
import { sockets } from "./sockets.ts";
import { expectSuccess, result } from "./syscall.ts";
import { SystemError } from "./system_error.ts";

/** sd_listen_fds(3): the first descriptor that is passed on. */
const FIRST = 3;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;

/** A socket that was passed on. */
export interface PassedListener {
  readonly descriptor: number;
  /** Where it listens; undefined: a Unix socket. */
  readonly address: Deno.NetAddr | undefined;
}

/**
 * Whether the variables are for this process and announce one socket.
 *
 * @throws {RangeError} if there are several: only one is supported
 */
export function isActivated(variable: (name: string) => string | undefined, pid: number): boolean {
  const count = Number(variable("LISTEN_FDS") ?? 0);
  if (Number(variable("LISTEN_PID")) !== pid || !(count > 0)) return false;
  if (count !== 1) throw new RangeError(`LISTEN_FDS=${count}: only one socket is supported`);
  return true;
}

/** Keeps other programs that this process starts from getting the descriptor. */
export function closeOnExec(descriptor: number): void {
  const set = result(libc().fcntl(descriptor, F_SETFD, FD_CLOEXEC));
  expectSuccess("fcntl F_SETFD", set, descriptor);
}

/** Adopts descriptor 3. @throws {SystemError} if it is not listening */
export function adoptActivated(): PassedListener {
  const [first] = sockets(true);
  if (first !== FIRST) throw new SystemError("accept", ENOTSOCK, FIRST);
  return adoptPassed(FIRST);
}

/** Adopts a descriptor that listens. @throws {SystemError} if it is not a socket */
export function adoptPassed(descriptor: number): PassedListener {
  closeOnExec(descriptor);
  // The other process shares it: a shutdown that ends a blocked accept would end the listening for that one too.
  setBlocking(descriptor, false);
  const sockaddr = new Uint8Array(SOCKADDR_BYTES);
  const length = new Uint8Array(new Uint32Array([SOCKADDR_BYTES]).buffer);
  expectSuccess(
    "getsockname",
    result(libc().getsockname(descriptor, sockaddr, length)),
    descriptor,
  );
  const family = sockaddrFamily(sockaddr);
  if (family !== AF_INET && family !== AF_INET6) return { descriptor, address: undefined };
  const on = new Uint8Array(new Int32Array([1]).buffer);
  const set = libc().setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, on, 4);
  expectSuccess("setsockopt TCP_NODELAY", result(set), descriptor);
  const address = {
    transport: "tcp",
    hostname: sockaddrHostname(sockaddr),
    port: sockaddrPort(sockaddr),
  } as const;
  return { descriptor, address };
}
