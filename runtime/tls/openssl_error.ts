/**
 * Errors of OpenSSL in its own words.
 *
 * In: a call that has just failed on this thread. Out: its reason, as `key values mismatch`, and an empty
 * error queue: SSL_get_error would take an error that was left there for that of the next call.
 */

import { libcrypto } from "./openssl.ts";

/** A call of OpenSSL failed; the message is OpenSSL's reason. */
class OpenSslError extends Error {
  override name = "OpenSslError";
}

/** The reason of the oldest error of this thread; empties the queue. */
export function takeReason(): string {
  const { ERR_get_error, ERR_reason_error_string, ERR_clear_error } = libcrypto();
  const code = ERR_get_error();
  ERR_clear_error();
  if (code === 0n) return "unknown error";
  const text = ERR_reason_error_string(code);
  if (text === null) return `error ${code.toString(16)}`;
  return Deno.UnsafePointerView.getCString(text);
}

/** @throws {OpenSslError} with the reason of the call that has just failed */
export function throwReason(): never {
  throw new OpenSslError(takeReason());
}
