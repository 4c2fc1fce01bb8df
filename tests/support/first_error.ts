/**
 * The error that a test ended with, if what it had started could not be disposed of either.
 *
 * In: the body of a test. Out: its first error; those of the disposal are printed. Deno shows a SuppressedError without what it hides.
 */

/** Runs the body of a test. @throws whatever was thrown first */
export async function withFirstError(body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    let first = error;
    for (; first instanceof SuppressedError; first = first.suppressed) {
      console.error("behind the failure:", first.error);
    }
    throw first;
  }
}
