/**
 * A listening socket that systemd opened and passes on: socket activation, sd_listen_fds(3).
 *
 * In: the variables LISTEN_PID and LISTEN_FDS. Out: descriptor 3, adopted; `isActivated` says whether there is
 * one. The unit file sets the address; IP and PORT of the command line are then ignored. The descriptor must be
 * a listening socket: anything else is an error.
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

/** A socket that was passed on by the service manager. */
export interface ActivatedListener {
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

/** Adopts descriptor 3. @throws {SystemError} if it is not listening */
export function adoptActivated(): ActivatedListener {
  const [first] = sockets(true);
  if (first !== FIRST) throw new SystemError("accept", ENOTSOCK, FIRST);
  expectSuccess("fcntl F_SETFD", result(libc().fcntl(FIRST, F_SETFD, FD_CLOEXEC)), FIRST);
  // systemd shares it: a shutdown that ends a blocked accept would end the listening for systemd too.
  setBlocking(FIRST, false);
  const sockaddr = new Uint8Array(SOCKADDR_BYTES);
  const length = new Uint8Array(new Uint32Array([SOCKADDR_BYTES]).buffer);
  expectSuccess("getsockname", result(libc().getsockname(FIRST, sockaddr, length)), FIRST);
  const family = sockaddrFamily(sockaddr);
  if (family !== AF_INET && family !== AF_INET6) return { descriptor: FIRST, address: undefined };
  const on = new Uint8Array(new Int32Array([1]).buffer);
  const set = libc().setsockopt(FIRST, IPPROTO_TCP, TCP_NODELAY, on, 4);
  expectSuccess("setsockopt TCP_NODELAY", result(set), FIRST);
  const address = {
    transport: "tcp",
    hostname: sockaddrHostname(sockaddr),
    port: sockaddrPort(sockaddr),
  } as const;
  return { descriptor: FIRST, address };
}
