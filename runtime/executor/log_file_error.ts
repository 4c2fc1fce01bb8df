/**
 * Errors of opening a log's file, in words for the operator.
 *
 * In: what the system reported. Out: a LogFileError, or the reason alone.
 */

import { errnoText, SystemError } from "../os/logs.ts";

/** A log cannot be opened; the message is for the operator. */
export class LogFileError extends Error {
  override name = "LogFileError";
}

/** What is needed to name a log in an error. */
export interface LogName {
  /** `log`, `access log`. */
  readonly name: string;
  readonly flag: string;
  readonly target: string;
}

/** An error that says which log failed, why, and what to do. */
export function logFileError({ name, flag, target }: LogName, reason: string): LogFileError {
  return new LogFileError(
    `cannot write the ${name} ${target}: ${reason}; choose another with --${flag}`,
  );
}

/** The reason in words. @throws what is no error of the system or of Deno */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) throw error;
  return error instanceof SystemError ? errnoText(error.errno) : error.message;
}
