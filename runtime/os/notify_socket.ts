/**
 * One datagram to a Unix socket: how a service tells its manager of its state, sd_notify(3).
 *
 * In: the socket's address as in NOTIFY_SOCKET, and a text. Out: whether it was taken. Never waits: a manager
 * that does not read loses the message. Made by libc, since Deno asks for the right to write to the path.
 */

import { hasLibc, libc } from "./libc.ts";
import { LinuxOs } from "./linux.ts";
import { LONGEST_UNIX_PATH, sockaddrOfUnix } from "./unix_listener.ts";

const AF_UNIX = 1;
const SOCK_DGRAM_NONBLOCK_CLOEXEC = 2 | 0x800 | 0x80000;

/** Whether the address is one that can be sent to: a path, or an abstract name after an "@". */
export function isNotifyAddress(address: string): boolean {
  const { length } = new TextEncoder().encode(address);
  return /^[@/]./s.test(address) && length <= LONGEST_UNIX_PATH;
}

/** A path with the NUL that ends it; an abstract name begins with one in place of the "@", unix(7). */
function nameOf(address: string): Uint8Array {
  const isAbstract = address.startsWith("@");
  return new TextEncoder().encode(isAbstract ? `\0${address.slice(1)}` : `${address}\0`);
}

/** Sends `text`. False without libc, and if nobody takes it. */
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
