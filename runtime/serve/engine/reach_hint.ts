/**
 * What an operator can do if nobody answers at the address of an engine.
 *
 * In: why a connection failed, in the words of either client. Out: a hint, or undefined. Pure.
 */

const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /ECONNREFUSED|connection refused/i,
    "nothing listens there: is the engine started, and is the address in engine right?",
  ],
  [/ENOTFOUND|EAI_AGAIN/, "engine names a host that is not known here"],
  [
    /ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|timed out|timeout/i,
    "nobody answers there: is the address in engine right, and does a firewall let this machine through?",
  ],
];

/** The hint. */
export function reachHint(reason: string): string | undefined {
  return HINTS.find(([pattern]) => pattern.test(reason))?.[1];
}
