/** The descriptors that this process has open. In: nothing. Out: each with what it refers to, sorted; and those that are new. */

/** Numbers and targets. */
export async function openDescriptors(): Promise<string[]> {
  const open: string[] = [];
  for await (const { name } of Deno.readDir("/proc/self/fd")) {
    // Of descriptors that are closed by now, that of the folder among them, there is no link.
    const target = await Deno.readLink(`/proc/self/fd/${name}`).catch(() => undefined);
    if (target !== undefined) open.push(`${name} ${target}`);
  }
  return open.sort();
}

/** Those that were not open before. What earlier tests of the process have left may be closed meanwhile. */
export async function openedSince(before: readonly string[]): Promise<string[]> {
  return (await openDescriptors()).filter((one) => !before.includes(one));
}
