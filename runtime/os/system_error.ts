/**
 * The error of a system call that failed where failure is not an expected result.
 *
 * In: the call's name, its errno and descriptor. Out: an Error whose message names all three. "Would block" and
 * a peer's reset never become one: they are results (see syscall.ts).
 */

import { errnoName, errnoText } from "./errno.ts";

/** The operating system refused a call. */
export class SystemError extends Error {
  override name = "SystemError";
  /** The positive errno. */
  readonly errno: number;
  /** The system call, as in its manual page. */
  readonly call: string;

  /** @param descriptor the one that the call was about, or -1 */
  constructor(call: string, errno: number, descriptor = -1) {
    const about = descriptor < 0 ? "" : ` on descriptor ${descriptor}`;
    super(`${call}${about}: ${errnoText(errno)} (${errnoName(errno)})`);
    this.call = call;
    this.errno = errno;
  }
}
