/**
 * Whether a file is there, for tests and benchmarks: what is missing is an answer, and what cannot be looked
 * at is an error.
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
