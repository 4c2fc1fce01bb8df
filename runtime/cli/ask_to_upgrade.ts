/**
 * `async-deno upgrade PID`: sends SIGUSR2 to a running server, and waits for the end of the upgrade.
 *
 * In: a process number. Out: what the operator reads, or why there was no upgrade. SIGUSR2 ends a process that does not handle it, so
 * the signals that the process catches are looked up first, in proc(5).
 */

import { endOfUpgrade, successorOf } from "../executor/mod.ts";
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

/** How it has ended. */
export interface UpgradeEnd {
  /** Whether there is another server now, or may be, if this process may not see it. */
  readonly isUpgraded: boolean;
  readonly text: string;
}

/** Has the server replaced. */
export async function askToUpgrade(pid: number): Promise<UpgradeEnd> {
  try {
    if (!hasLibc()) return failed("an upgrade needs Linux with glibc: restart the server instead");
    if (!catches(pid, SIGUSR2)) {
      return failed(
        `process ${pid} is not sent SIGUSR2, which would end it: it is no async-deno, or one that cannot be upgraded`,
      );
    }
    const before = earlierSuccessor(pid);
    if (typeof before === "number") {
      return failed(`process ${pid} has a successor already, process ${before}`);
    }
    const sent = signalProcess(pid, SIGUSR2);
    if (sent === -EPERM) {
      return failed(`process ${pid} belongs to another user: run this as that user, or root`);
    }
    if (sent < 0) return failed(`cannot send SIGUSR2 to process ${pid}: ${errnoText(-sent)}`);
    if (before === "not to be seen") return asked(pid);
  } catch (error) {
    if (!(error instanceof SystemError) || error.errno !== ENOENT) throw error;
    return failed(`there is no process ${pid}`);
  }
  const successor = await endOfUpgrade(pid);
  if (successor === undefined) {
    return failed(
      `the upgrade has failed: process ${pid} says why in its log and on standard error`,
    );
  }
  const text = `process ${successor} serves; process ${pid} finishes what is open, and ends`;
  return { isUpgraded: true, text };
}

function failed(text: string): UpgradeEnd {
  return { isUpgraded: false, text };
}

function asked(pid: number): UpgradeEnd {
  const text = `process ${pid} is asked to start its successor; its log says how that ends`;
  return { isUpgraded: true, text };
}

function earlierSuccessor(pid: number): number | undefined | "not to be seen" {
  try {
    return successorOf(pid);
  } catch (error) {
    // Other rights, or a kernel without lists of children.
    if (error instanceof SystemError) return "not to be seen";
    throw error;
  }
}

/** Whether a process handles a signal. */
function catches(pid: number, signal: number): boolean {
  const [, mask = "0"] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readText(`/proc/${pid}/status`)) ?? [];
  return (BigInt(`0x${mask}`) >> BigInt(signal - 1) & 1n) === 1n;
}
