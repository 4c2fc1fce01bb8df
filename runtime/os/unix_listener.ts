/**
 * A listening Unix socket and its file.
 *
 * In: a path and the file's mode. Out: a descriptor that listens and blocks in accept. A file that an earlier
 * server left behind is removed, if it is a socket and no process listens on it, which is checked by connecting
 * to it. By libc, since Deno requires the permission to write to the folder.
 */

import { EADDRINUSE, ECONNREFUSED, ENAMETOOLONG } from "./errno.ts";
import { libc } from "./libc.ts";
import { expectSuccess, result } from "./syscall.ts";
import { SystemError } from "./system_error.ts";
import { pathBytes } from "./path_bytes.ts";

const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 1 | 0x80000;
/** unix(7): the longest path in bytes; sun_path has room for 108 with the NUL. */
export const LONGEST_UNIX_PATH = 107;

/**
 * Listens on `path`.
 *
 * @throws {SystemError} EADDRINUSE if a process listens there or the file is not a socket; EACCES, ENOENT …
 */
export function listenUnix(path: string, mode: number, backlog: number): number {
  const address = sockaddrOfUnix(pathBytes(path));
  const descriptor = newUnixSocket();
  try {
    let bound = result(libc().bind(descriptor, address, address.length));
    if (bound === -EADDRINUSE && isLeftBehind(address)) {
      removeUnix(path);
      bound = result(libc().bind(descriptor, address, address.length));
    }
    expectSuccess("bind", bound, descriptor);
    // Before listen: no client can connect until then.
    expectSuccess("chmod", result(libc().chmod(pathBytes(path), mode)));
    expectSuccess("listen", result(libc().listen(descriptor, backlog)), descriptor);
    return descriptor;
  } catch (error) {
    libc().close(descriptor);
    throw error;
  }
}

/** Removes the file; it is no error if it is gone already. */
export function removeUnix(path: string): void {
  libc().unlink(pathBytes(path));
}

/** Identifies the file at the path, for comparison; undefined if there is none that can be seen. */
export function unixIdentity(path: string): string | undefined {
  try {
    const { dev, ino } = Deno.lstatSync(path);
    return `${dev}.${ino}`;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return undefined;
  }
}

/** Whether it is a socket on which no process listens: connecting is refused. Any other file gives another error. */
function isLeftBehind(address: Uint8Array<ArrayBuffer>): boolean {
  const probe = newUnixSocket();
  const connected = result(libc().connect(probe, address, address.length));
  libc().close(probe);
  return connected === -ECONNREFUSED && isSocketFile(address);
}

function isSocketFile(address: Uint8Array<ArrayBuffer>): boolean {
  const path = new TextDecoder().decode(address.subarray(2, address.length - 1));
  return Deno.lstatSync(path).isSocket === true;
}

/** A new close-on-exec stream socket. @param flags further flags of socket(2) @throws {SystemError} */
export function newUnixSocket(flags = 0): number {
  return expectSuccess("socket", result(libc().socket(AF_UNIX, SOCK_STREAM_CLOEXEC | flags, 0)));
}

/** struct sockaddr_un { u16 family; char path[108] }; `name` is a path with its NUL, or an abstract name. */
export function sockaddrOfUnix(name: Uint8Array): Uint8Array<ArrayBuffer> {
  if (name.length > LONGEST_UNIX_PATH + 1) throw new SystemError("bind", ENAMETOOLONG);
  const address = new Uint8Array(2 + name.length);
  address[0] = AF_UNIX;
  address.set(name, 2);
  return address;
}
