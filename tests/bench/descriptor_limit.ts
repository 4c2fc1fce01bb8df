/**
 * How many descriptors a process may open here.
 *
 * In: /proc/self/limits. Out: the hard limit, to which servers and clients raise theirs.
 */

/** Descriptors of a server with one worker, beside its connections, and some to spare. */
const OTHERS = 100;

/**
 * The hard limit in the text of `/proc/PID/limits`.
 *
 * @throws RangeError if the line is missing
 */
export function parseDescriptorLimit(text: string): number {
  const [, hard] = /^Max open files +\S+ +(\d+|unlimited) /m.exec(text) ?? [];
  if (hard === undefined) throw new RangeError(`no "Max open files" in the limits: "${text}"`);
  return hard === "unlimited" ? Infinity : Number(hard);
}

/** Over how many servers so many connections have to be spread. */
export function processesFor(connections: number, limit = ownLimit()): number {
  return Math.max(1, Math.ceil(connections / (limit - OTHERS)));
}

function ownLimit(): number {
  return parseDescriptorLimit(Deno.readTextFileSync("/proc/self/limits"));
}
