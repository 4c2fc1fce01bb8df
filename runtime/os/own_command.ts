/**
 * How this process was started: its executable, its arguments and its environment, to start another one like it.
 *
 * In: /proc/self. Out: the bytes that execve(2) was given, each text with its NUL. Read by libc, since Deno requires all permissions for
 * these files. The executable is a path that leads to the file that is on disk when it is used: a newer version, or another target of a
 * symbolic link.
 */

import { libc } from "./libc.ts";
import { pathBytes } from "./path_bytes.ts";
import { expectSuccess, result } from "./syscall.ts";

const O_RDONLY_CLOEXEC = 0x80000;
const CHUNK = 64 * 1024;
const SLASH = 0x2f;

/** What a process is started with. */
export interface OwnCommand {
  /** The executable's path. */
  readonly path: string;
  /** Texts, each with its NUL. */
  readonly args: readonly Uint8Array[];
  /** The same, as `NAME=VALUE`. */
  readonly environment: readonly Uint8Array[];
}

/** @param executable its path if the first argument is none, because a shell has searched for it @throws {SystemError} */
export function ownCommand(executable: string): OwnCommand {
  const args = textsOf("/proc/self/cmdline");
  const first = args[0]?.subarray(0, -1);
  const isPath = first?.includes(SLASH) === true;
  return {
    path: isPath ? new TextDecoder().decode(first) : executable,
    args,
    environment: textsOf("/proc/self/environ"),
  };
}

function textsOf(path: string): Uint8Array[] {
  const bytes = contentOf(path);
  const texts: Uint8Array[] = [];
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(0, from) + 1 || bytes.length;
    texts.push(bytes.subarray(from, end));
    from = end;
  }
  return texts;
}

/** A small file's text, also of /proc, which Deno's own functions do not read. @throws {SystemError} */
export function readText(path: string): string {
  return new TextDecoder().decode(contentOf(path));
}

function contentOf(path: string): Uint8Array {
  const opened = result(libc().open(pathBytes(path), O_RDONLY_CLOEXEC, 0));
  const file = expectSuccess("open", opened);
  try {
    let bytes = new Uint8Array(CHUNK);
    for (let length = 0;;) {
      const rest = bytes.subarray(length);
      const read = result(libc().pread(file, rest, rest.length, BigInt(length)));
      if (expectSuccess("pread", read, file) === 0) return bytes.subarray(0, length);
      length += read;
      if (length < bytes.length) continue;
      const larger = new Uint8Array(2 * bytes.length);
      larger.set(bytes);
      bytes = larger;
    }
  } finally {
    libc().close(file);
  }
}
