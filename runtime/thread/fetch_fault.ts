/**
 * Why a fetch has failed, without the address, which may be secret.
 *
 * In: what fetch has thrown. Out: a text for the operator. Deno says first which address it is, on some versions in the cause alone.
 */

/** The reason. */
export function fetchFault(error: unknown): string {
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  const text = cause instanceof Error ? cause.message : message;
  const reason = /client error \(\w+\): (?<reason>.+)$/s.exec(text)?.groups?.["reason"];
  return reason ?? (text.includes("://") ? "it cannot be reached" : text);
}
