/**
 * What a client is told if a function of the app throws.
 *
 * In: what it has thrown. Out: an error of the protocol or the end of the connection, if it has a code for that; otherwise undefined: then it
 * is a fault of the app, whose text is not for clients. Only these codes count: other errors have a `code` too, such as those of
 * node (text) and the DOMExceptions (below 26).
 */

import { disconnectRefusal, errorRefusal, type HookRefusal } from "../centrifuge/mod.ts";

/** The refusal. Never throws. */
export function refusalOfError(error: unknown): HookRefusal | undefined {
  try {
    if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
    const { code } = error;
    if (typeof code !== "number" || !Number.isInteger(code)) return undefined;
    const message = "message" in error ? String(error.message) : "";
    const temporary = "temporary" in error && error.temporary === true;
    return errorRefusal({ code, message, temporary }) ?? disconnectRefusal(code, message);
  } catch {
    return undefined; // its own code failed
  }
}
