/**
 * The error for an admin server that cannot listen on its address.
 *
 * In: the address, and the error that listening threw. Out: an error whose message is one line for the
 * operator; the command line prints it.
 */

import type { ListenAddress } from "../config/mod.ts";
import { errorMessage } from "../error_message.ts";

/** The admin server cannot listen; the message says where, why and what to do. */
export class AdminError extends Error {
  override name = "AdminError";

  /** @param cause what listening threw */
  constructor(address: ListenAddress, cause: unknown) {
    const where = `${address.hostname} port ${address.port}`;
    super(`cannot serve metrics on ${where}: ${reasonOf(cause)}; choose another with --admin`, {
      cause,
    });
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof Deno.errors.AddrInUse) return "the port is in use";
  if (cause instanceof Deno.errors.AddrNotAvailable) return "this machine has no such address";
  if (cause instanceof Deno.errors.PermissionDenied) return "no permission to listen there";
  return errorMessage(cause);
}
