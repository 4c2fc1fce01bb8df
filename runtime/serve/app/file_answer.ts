/**
 * `server.file`: an answer that is a file, sent by the server itself.
 *
 * In: a path in the app's folder. Out: a Response that stands for the file, and so does a copy of it. Its bytes never reach the app.
 */

import { resolve } from "@std/path/posix/resolve";
import { AppResponse } from "./app_response.ts";

/** What `server.file` takes beside the path. */
export interface FileOptions {
  /** Fields of the answer; a Content-Type replaces that of the file's name. */
  readonly headers?: HeadersInit;
}

/**
 * A Response for a file.
 *
 * @param folder the app's folder, as an absolute path
 * @param path relative to it, or absolute
 * @throws {RangeError} if the path leads out of the folder
 */
export function fileResponse(
  folder: string,
  path: string,
  { headers }: FileOptions = {},
): Response {
  const inside = folder.endsWith("/") ? folder : `${folder}/`;
  const whole = resolve(folder, path);
  if (!whole.startsWith(inside) || whole === inside || whole.includes("\0")) {
    throw new RangeError(
      `Cannot send ${JSON.stringify(path)}: it is not in the app's folder ${folder}`,
    );
  }
  return AppResponse.ofFile(whole.slice(inside.length), headers);
}
