/**
 * What a client is told if a file cannot be opened.
 *
 * In: the negated errno. Out: a status and a text.
 */

import { EACCES, EIO, EMFILE, ENFILE, ENOMEM, EPERM } from "../../os/mod.ts";

const FAILED_TEXT = "The server failed to answer\n";
const TEXTS: Readonly<Record<number, string>> = {
  400: "The path is not valid\n",
  403: "Permission denied\n",
  404: "Not found\n",
  503: "Too many files are open, try again later\n",
};

/** The text of a status. */
export function fileErrorText(status: number): string {
  return TEXTS[status] ?? FAILED_TEXT;
}

/** Status and text of a negated errno. */
export function openFailure(result: number): { readonly status: number; readonly text: string } {
  const status = openStatus(result);
  return { status, text: fileErrorText(status) };
}

/**
 * The status for a failure to open. A link that leads out of the folder is 404: the client must not learn
 * that it exists.
 */
export function openStatus(result: number): number {
  switch (-result) {
    case EACCES:
    case EPERM:
      return 403;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return 503;
    case EIO:
      return 500;
    default:
      return 404;
  }
}
