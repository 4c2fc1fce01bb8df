/**
 * Whether a file is there, for tests and benchmarks.
 *
 * In: a path. Out: false if nothing or no file is there; an error if that cannot be found out.
 */

/** Whether there is a file of that name; a folder is none. */
export function isFile(path: string | URL): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw error;
  }
}
