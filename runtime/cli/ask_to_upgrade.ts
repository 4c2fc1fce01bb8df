/**
 * `async-deno upgrade PID`: sends SIGUSR2 to a running server.
 *
 * In: a process number. Out: nothing, or why the signal was not sent. SIGUSR2 ends a process that does not handle it, so the process is
 * asked first whether it does: by the signals that it catches, proc(5).
 */

import {
  ENOENT,
  EPERM,
  errnoText,
  hasLibc,
  readText,
  signalProcess,
  SystemError,
} from "../os/mod.ts";

const SIGUSR2 = 12;

/** Sends the signal. Returns the reason if it cannot. */
export function askToUpgrade(pid: number): string | undefined {
  if (!hasLibc()) return "an upgrade needs Linux with glibc: restart the server instead";
  try {
    if (!catches(pid, SIGUSR2)) {
      return `process ${pid} is not sent SIGUSR2, which would end it: it is no async-deno, or one that cannot be upgraded`;
    }
  } catch (error) {
    if (error instanceof SystemError && error.errno === ENOENT) return `there is no process ${pid}`;
    throw error;
  }
  const sent = signalProcess(pid, SIGUSR2);
  if (sent === -EPERM) {
    return `process ${pid} belongs to another user: run this as that user, or root`;
  }
  return sent < 0 ? `cannot send SIGUSR2 to process ${pid}: ${errnoText(-sent)}` : undefined;
}

/** Whether a process handles a signal. */
function catches(pid: number, signal: number): boolean {
  const [, mask = "0"] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readText(`/proc/${pid}/status`)) ?? [];
  return (BigInt(`0x${mask}`) >> BigInt(signal - 1) & 1n) === 1n;
}
