/**
 * Sends one datagram to a Unix socket: how a service reports its state to its manager, sd_notify(3).
 *
 * In: the socket's address as in NOTIFY_SOCKET, and a text. Out: whether it was accepted. It never waits: a
 * manager that does not read loses the message. By libc, since Deno requires the permission to write to the
 * path.
 */

import { hasLibc, libc } from "./libc.ts";
import { LinuxOs } from "./linux.ts";
import { LONGEST_UNIX_PATH, sockaddrOfUnix } from "./unix_listener.ts";

const AF_UNIX = 1;
const SOCK_DGRAM_NONBLOCK_CLOEXEC = 2 | 0x800 | 0x80000;

/** Whether the address is valid: a path, or an abstract name after an "@". */
export function isNotifyAddress(address: string): boolean {
  const { length } = new TextEncoder().encode(address);
  return /^[@/]./s.test(address) && length <= LONGEST_UNIX_PATH;
}

/** A path with its trailing NUL; an abstract name begins with a NUL instead of the "@", unix(7). */
function nameOf(address: string): Uint8Array {
  const isAbstract = address.startsWith("@");
  return new TextEncoder().encode(isAbstract ? `\0${address.slice(1)}` : `${address}\0`);
}

/** Sends `text`. Returns false without libc, and if no socket accepts it. */
export function sendDatagram(address: string, text: string): boolean {
  if (!hasLibc()) return false;
  const os = new LinuxOs();
  const socket = libc().socket(AF_UNIX, SOCK_DGRAM_NONBLOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  const to = sockaddrOfUnix(nameOf(address));
  const bytes = new TextEncoder().encode(text);
  const isSent = libc().connect(socket, to, to.length) === 0 &&
    os.send(socket, bytes, bytes.length, false) === bytes.length;
  os.close(socket);
  return isSent;
}
