/**
 * Finds the epoll instance of Deno's event loop in this thread.
 *
 * In: a connection of Deno's that this thread opened. Out: a descriptor that can be watched, and nothing else may be done with
 * it: it becomes readable when Deno's loop has something to do. Each thread of Deno has an instance of its own; the kernel lists in
 * /proc which descriptors an instance watches, by the numbers that they had then, and by their inodes. Read by libc: Deno allows /proc
 * only with all permissions.
 */

import { libc } from "./libc.ts";
import { SOCKADDR_BYTES } from "./sockaddr.ts";
import { isAt, sockets } from "./sockets.ts";
import { result } from "./syscall.ts";

const FIRST_DESCRIPTOR = 3;
/** Deno opens its instances when its threads start: few numbers are below them. */
const LAST_DESCRIPTOR = 4096;
const AT_FDCWD = -100;
const O_RDONLY_CLOEXEC = 0x80000;
const EVENTPOLL = "anon_inode:[eventpoll]";
const CHUNK = 64 * 1024;
/** An instance that watches thousands of descriptors is a worker's. */
const MAX_BYTES = 4 * CHUNK;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The descriptor, or -1 if it is not found. */
export function denoEpoll(conn: Deno.Conn): number {
  const watched = descriptorOf(conn);
  if (watched < 0) return -1;
  // A number may be that of a file which another descriptor still has open. Linux before 4.13 lists no inodes.
  const [, inode = "0"] = /^socket:\[(\d+)\]$/.exec(link(watched)) ?? [];
  const ofFile = `(?:(?!.*\\bino:)|.*\\bino:${BigInt(inode).toString(16)}\\b)`;
  const line = new RegExp(`^tfd:\\s+${watched}\\s${ofFile}`, "m");
  for (let descriptor = FIRST_DESCRIPTOR; descriptor < LAST_DESCRIPTOR; descriptor++) {
    if (link(descriptor) !== EVENTPOLL) continue;
    if (line.test(text(`/proc/self/fdinfo/${descriptor}`))) return descriptor;
  }
  return -1;
}

/** The descriptor of a TCP connection that Deno has. */
function descriptorOf(conn: Deno.Conn): number {
  const sockaddr = new Uint8Array(SOCKADDR_BYTES);
  const { getpeername, getsockname } = libc();
  const [local, remote] = [conn.localAddr as Deno.NetAddr, conn.remoteAddr as Deno.NetAddr];
  for (const descriptor of sockets(false)) {
    if (
      isAt(getsockname, descriptor, sockaddr, local) &&
      isAt(getpeername, descriptor, sockaddr, remote)
    ) return descriptor;
  }
  return -1;
}

function link(descriptor: number): string {
  const bytes = new Uint8Array(64);
  const path = nulTerminated(`/proc/self/fd/${descriptor}`);
  const count = libc().readlinkat(AT_FDCWD, path, bytes, bytes.length);
  return decoder.decode(bytes.subarray(0, Math.max(count, 0)));
}

/** The text of a file in /proc; empty: it cannot be read, or is longer than any of Deno's. */
function text(path: string): string {
  const descriptor = result(libc().open(nulTerminated(path), O_RDONLY_CLOEXEC, 0));
  if (descriptor < 0) return "";
  const bytes = new Uint8Array(MAX_BYTES);
  let length = 0;
  for (let count = 1; count > 0 && length < MAX_BYTES; length += count) {
    const rest = bytes.subarray(length, length + CHUNK);
    count = Math.max(0, libc().pread(descriptor, rest, rest.length, BigInt(length)));
  }
  libc().close(descriptor);
  return length < MAX_BYTES ? decoder.decode(bytes.subarray(0, length)) : "";
}

function nulTerminated(path: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(`${path}\0`) as Uint8Array<ArrayBuffer>;
}
