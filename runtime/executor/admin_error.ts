/**
 * Why the admin server could not be started, in a line for the operator.
 *
 * In: the error that listening threw, and the address. Out: an error whose message is that line; the
 * command line prints it.
 */

import type { ListenAddress } from "../config/mod.ts";

/** The admin server cannot listen; its message says where, why and what to do. */
export class AdminError extends Error {
  override name = "AdminError";

  /** @param cause what listening threw */
  constructor(address: ListenAddress, cause: unknown) {
    const where = `${address.hostname} port ${address.port}`;
    super(`cannot serve metrics on ${where}: ${reasonOf(cause)}; name another with --admin`, {
      cause,
    });
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof Deno.errors.AddrInUse) return "it is in use";
  if (cause instanceof Deno.errors.AddrNotAvailable) return "this machine has no such address";
  if (cause instanceof Deno.errors.PermissionDenied) return "no permission to listen there";
  return cause instanceof Error ? cause.message : String(cause);
}
