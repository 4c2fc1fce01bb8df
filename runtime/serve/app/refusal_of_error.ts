/**
 * What a client is told if a function of the app throws.
 *
 * In: what it has thrown. Out: an error of the protocol or the end of the connection, if it has a code for that; otherwise undefined: then it
 * is a fault of the app, whose text is not for clients. Only these codes count: other errors have a `code` too, such as those of
 * node (text) and the DOMExceptions (below 26).
 */

import type { HookRefusal } from "../centrifuge/mod.ts";
import { closeReason } from "./close_reason.ts";

/** The protocol's errors, and those of applications. */
const ERRORS = { least: 100, most: 1999 } as const;
/** Close codes: the protocol's, and those of applications; after some of them clients come back. */
const DISCONNECTS = { least: 3000, most: 4999 } as const;

/** The refusal. */
export function refusalOfError(error: unknown): HookRefusal | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  const { code } = error;
  if (typeof code !== "number" || !Number.isInteger(code)) return undefined;
  const message = "message" in error ? String(error.message) : "";
  if (code >= ERRORS.least && code <= ERRORS.most) {
    const temporary = "temporary" in error && error.temporary === true;
    return { error: { code, message, temporary } };
  }
  if (code < DISCONNECTS.least || code > DISCONNECTS.most) return undefined;
  // Clients look at the code only if there is a reason.
  return { disconnect: { code, reason: closeReason(message) || "disconnected" } };
}
