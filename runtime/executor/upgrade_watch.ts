/**
 * Watches from outside how the upgrade of another server ends.
 *
 * In: the process number of the running server. Out: its successor, and whether that one has taken over. Nothing is asked of either
 * server: a successor is a child with the variable of handover_text.ts, and it closes its channel when it takes over.
 */

import { childrenOf, descriptorTarget, SystemError, wasStartedWith } from "../os/mod.ts";
import { CHANNEL_DESCRIPTOR, HANDOVER_VARIABLE } from "./handover_text.ts";

/** Milliseconds between two looks: a start takes hundreds. */
const LOOK_INTERVAL = 10;
/** Milliseconds in which a server that got the signal has started its successor. */
const APPEARANCE_TIME = 10_000;

/** The successor of a server, or undefined: it has none. @throws {SystemError} EACCES: this process may not look */
export function successorOf(pid: number): number | undefined {
  return childrenOf(pid).find((child) => wasStartedWith(child, HANDOVER_VARIABLE));
}

/**
 * Waits for the end of an upgrade that has been asked for, as long as the successor is starting: the running server bounds that.
 *
 * @returns the successor, which serves; or undefined: there is none, or it has ended
 */
export async function endOfUpgrade(pid: number): Promise<number | undefined> {
  const end = performance.now() + APPEARANCE_TIME;
  let successor: number | undefined;
  while (successor === undefined) {
    successor = unlessGone(() => successorOf(pid));
    if (successor === undefined && performance.now() > end) return undefined;
    await pause();
  }
  const channel = descriptorTarget(successor, CHANNEL_DESCRIPTOR);
  // Undefined: it has taken over, or has ended, before the first look.
  while (channel !== undefined && descriptorTarget(successor, CHANNEL_DESCRIPTOR) === channel) {
    await pause();
  }
  // A process that ends loses its memory, and with it the variables, before its descriptors.
  return isSuccessor(successor) ? successor : undefined;
}

function isSuccessor(pid: number): boolean {
  return unlessGone(() => wasStartedWith(pid, HANDOVER_VARIABLE)) ?? false;
}

/** Processes end between two looks. */
function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof SystemError) return undefined;
    throw error;
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL));
}
