/**
 * A listening socket that systemd opened and hands over: socket activation, sd_listen_fds(3).
 *
 * In: the variables LISTEN_PID and LISTEN_FDS. Out: descriptor 3, taken over, or undefined where nobody
 * hands one over. The address is the unit's business; IP and PORT of the command line are then of no
 * meaning. Whatever is there must listen: a descriptor of another kind is an error, not ignored.
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

/** sd_listen_fds(3): the first descriptor that is handed over. */
const FIRST = 3;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;

/** A socket that was handed over. */
export interface ActivatedListener {
  readonly descriptor: number;
  /** Where it listens; undefined: a Unix socket. */
  readonly address: Deno.NetAddr | undefined;
}

/**
 * Whether the variables are for this process and hand over one socket.
 *
 * @throws {RangeError} where there are several: one is served
 */
export function isActivated(variable: (name: string) => string | undefined, pid: number): boolean {
  const count = Number(variable("LISTEN_FDS") ?? 0);
  if (Number(variable("LISTEN_PID")) !== pid || !(count > 0)) return false;
  if (count !== 1) throw new RangeError(`LISTEN_FDS=${count}: one socket is served, not several`);
  return true;
}

/** Takes descriptor 3 over. @throws {SystemError} where it does not listen */
export function adoptActivated(): ActivatedListener {
  const [first] = sockets(true);
  if (first !== FIRST) throw new SystemError("accept", ENOTSOCK, FIRST);
  expectSuccess("fcntl F_SETFD", result(libc().fcntl(FIRST, F_SETFD, FD_CLOEXEC)), FIRST);
  // It is systemd's as well: what ends a blocked accept would end its listening.
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
