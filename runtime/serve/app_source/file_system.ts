/**
 * What the app's modules are read from: files, and whether there are any.
 *
 * In: absolute paths. Out: texts, or undefined if there is no such file.
 */

/** The text of a file. @throws {Deno.errors.NotFound} and the like */
export function readText(path: string): string {
  // RFC 3629 section 6: editors write a byte order mark, which is no JavaScript.
  return Deno.readTextFileSync(path).replace(/^\ufeff/, "");
}

/** Whether the path is a file. */
export function isFile(path: string): boolean {
  return statusOf(path)?.isFile === true;
}

/** Whether the path is a folder. */
export function isFolder(path: string): boolean {
  return statusOf(path)?.isDirectory === true;
}

/** The names in a folder; none if there is no folder. */
export function namesIn(folder: string): string[] {
  return isFolder(folder) ? [...Deno.readDirSync(folder)].map(({ name }) => name) : [];
}

function statusOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    const isAbsent = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    if (isAbsent) return undefined;
    throw error;
  }
}
