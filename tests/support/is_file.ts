/**
 * Whether a file exists, for tests and benchmarks.
 *
 * In: a path. Out: false if there is no file; an error if that cannot be determined.
 */

/** Whether there is a file of that name; a folder does not count. */
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
