/**
 * Starts a process that gets some descriptors of this one, watches for its end, and sends signals.
 *
 * In: a command, and descriptors. Out: the process's number; how it ended. By libc: `Deno.Command` passes no descriptors on, and needs a
 * permission that the server does not have otherwise. posix_spawn(3) is safe beside other threads: the new process shares no descriptor
 * table with this one, and runs nothing but its file actions before it is another program. The descriptors here stay close-on-exec, so
 * that no process gets one that another thread starts at the same moment.
 */

import { libc } from "./libc.ts";
import type { OwnCommand } from "./own_command.ts";
import { pathBytes } from "./path_bytes.ts";
import { expectSuccess, result } from "./syscall.ts";
import { SystemError } from "./system_error.ts";

/** The first number of the descriptors in the new process; 0 to 2 are those of this one. */
const FIRST_DESCRIPTOR = 3;
/** More than any libc has for posix_spawn_file_actions_t: 80 bytes in glibc. */
const FILE_ACTIONS_BYTES = 256;
const F_DUPFD_CLOEXEC = 1030;
const WNOHANG = 1;
const WEXITED = 4;
const WNOWAIT = 0x0100_0000;
const P_PID = 1;
const CLD_EXITED = 1;
/** siginfo_t, 128 bytes: words of 4 bytes. */
const SIGINFO_WORDS = 32;
const [SI_CODE, SI_PID, SI_STATUS] = [2, 4, 6];
const POINTER_BYTES = 8;

/**
 * Starts a process; in it, `descriptors[i]` has the number 3 + i.
 *
 * @returns its process number
 * @throws {SystemError} ENOENT, EACCES … of the executable; EMFILE
 */
export function spawnProcess(
  { path, args, environment }: OwnCommand,
  descriptors: readonly number[],
): number {
  const pid = new Int32Array(1);
  const actions = new Uint8Array(FILE_ACTIONS_BYTES);
  const copies: number[] = [];
  const [argv, envp] = [new TextList(args), new TextList(environment)];
  expectNone("posix_spawn_file_actions_init", libc().posix_spawn_file_actions_init(actions));
  try {
    for (const descriptor of descriptors) {
      const number = FIRST_DESCRIPTOR + copies.length;
      // Above all new numbers: else one could replace another that is still to be passed on.
      const copy = libc().fcntl(
        descriptor,
        F_DUPFD_CLOEXEC,
        FIRST_DESCRIPTOR + descriptors.length,
      );
      copies.push(expectSuccess("fcntl F_DUPFD_CLOEXEC", result(copy), descriptor));
      const added = libc().posix_spawn_file_actions_adddup2(actions, copies.at(-1)!, number); // just pushed
      expectNone("posix_spawn_file_actions_adddup2", added);
    }
    const bytes = new Uint8Array(pid.buffer);
    const { posix_spawn } = libc();
    const started = posix_spawn(
      bytes,
      pathBytes(path),
      actions,
      null,
      argv.addresses,
      envp.addresses,
    );
    expectNone("posix_spawn", started);
  } finally {
    libc().posix_spawn_file_actions_destroy(actions);
    for (const copy of copies) libc().close(copy);
  }
  return pid[0]!; // one element
}

/** How a child process ended, as `exit code 2`; undefined: it has not. Asked again afterwards, it says that it is unknown. */
export function endOfChild(pid: number): string | undefined {
  const status = new Int32Array(1);
  const waited = result(libc().waitpid(pid, new Uint8Array(status.buffer), WNOHANG));
  if (waited === 0) return undefined;
  if (waited < 0) return "an unknown exit code";
  const signal = status[0]! & 0x7f; // one element; wait(2): WTERMSIG
  return signal === 0 ? `exit code ${(status[0]! >> 8) & 0xff}` : `signal ${signal}`;
}

/**
 * The same, but its end stays to be waited for: who adopts it when this process ends, such as systemd, learns how it ended. It may be asked
 * again.
 */
export function seenEndOfChild(pid: number): string | undefined {
  const info = new Int32Array(SIGINFO_WORDS);
  const options = WEXITED | WNOHANG | WNOWAIT;
  const waited = result(libc().waitid(P_PID, pid, new Uint8Array(info.buffer), options));
  if (waited < 0) return "an unknown exit code";
  if (info[SI_PID] === 0) return undefined;
  return info[SI_CODE] === CLD_EXITED
    ? `exit code ${info[SI_STATUS]}`
    : `signal ${info[SI_STATUS]}`;
}

/** kill(2): 0, or a negated errno. Signal 0 only asks whether there is such a process. */
export function signalProcess(pid: number, signal: number): number {
  return result(libc().kill(pid, signal));
}

/** These functions return an errno. */
function expectNone(call: string, errno: number): void {
  if (errno !== 0) throw new SystemError(call, errno);
}

/** Texts as C takes them: an array of their addresses with a NULL at its end. */
class TextList {
  readonly addresses: Uint8Array<ArrayBuffer>;
  // Keeps the bytes, whose addresses are above, in memory.
  readonly block: Uint8Array<ArrayBuffer>;

  constructor(texts: readonly Uint8Array[]) {
    // A buffer of its own: V8 could move the elements of a small array.
    const length = texts.reduce((sum, text) => sum + text.length, 0);
    this.block = new Uint8Array(new ArrayBuffer(length));
    this.addresses = new Uint8Array(new ArrayBuffer((texts.length + 1) * POINTER_BYTES));
    const view = new DataView(this.addresses.buffer);
    const start = Deno.UnsafePointer.value(Deno.UnsafePointer.of(this.block));
    let at = 0;
    texts.forEach((text, i) => {
      view.setBigUint64(i * POINTER_BYTES, BigInt(start) + BigInt(at), true);
      this.block.set(text, at);
      at += text.length;
    });
  }
}
