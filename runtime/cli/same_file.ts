/**
 * Whether two paths name the same file on disk.
 *
 * In: two paths; the files need not exist. Out: true also for two spellings, and for a symbolic or a hard link.
 * Called for the paths of the logs. Opens and changes nothing.
 */

/** Whether both paths name one regular file, or one that would be created. */
export function isSameFile(one: string, other: string): boolean {
  const [a, b] = [statusOf(one), statusOf(other)];
  if (a === undefined || b === undefined) return realPath(one) === realPath(other);
  return a.isFile && a.ino !== null && a.ino === b.ino && a.dev === b.dev;
}

function statusOf(path: string): Deno.FileInfo | undefined {
  return attempt(() => Deno.statSync(path));
}

/** The path without symbolic links among its folders. */
function realPath(path: string): string {
  const name = path.lastIndexOf("/") + 1;
  const folder = attempt(() => Deno.realPathSync(path.slice(0, name) || "."));
  return `${folder ?? path.slice(0, name)}/${path.slice(name)}`;
}

/** Undefined if the file does not exist, or this user may not know: the start reports that. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return undefined;
  }
}
