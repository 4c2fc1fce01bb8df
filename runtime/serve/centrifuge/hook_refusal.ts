/**
 * Which refusals of an app or a backend a client may be told.
 *
 * In: codes and texts that they have chosen. Out: an error of the protocol or the end of the connection; undefined if the code is of
 * neither kind: then it is a fault of who has chosen it.
 */

import { closeReason } from "../session/mod.ts";
import type { HookRefusal } from "./client_hooks.ts";

/** The protocol's errors, and those of applications. */
const ERRORS = { least: 100, most: 1999 } as const;
/** Close codes: the protocol's, and those of applications; after some of them clients come back. */
const DISCONNECTS = { least: 3000, most: 4999 } as const;

/** A command is answered with an error. */
export function errorRefusal(
  { code, message, temporary }: {
    readonly code: number;
    readonly message: string;
    readonly temporary: boolean;
  },
): HookRefusal | undefined {
  const isError = code >= ERRORS.least && code <= ERRORS.most;
  return isError ? { error: { code, message, temporary } } : undefined;
}

/** The connection ends. */
export function disconnectRefusal(code: number, reason: string): HookRefusal | undefined {
  if (code < DISCONNECTS.least || code > DISCONNECTS.most) return undefined;
  // Clients look at the code only if there is a reason.
  return { disconnect: { code, reason: closeReason(reason) || "disconnected" } };
}
