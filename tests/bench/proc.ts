/**
 * CPU and memory of processes, from /proc on Linux.
 *
 * In: process ids. Out: CPU seconds, resident bytes, descendants of processes. Parsing is pure and
 * separate from reading. A process that has ended counts as zero; any other read error is thrown.
 */

/** One process or thread, from proc(5) `/proc/PID/stat`. */
export interface ProcStat {
  /** Field 1. */
  readonly id: number;
  /** Field 4. */
  readonly parent: number;
  /** Fields 14 and 15, utime and stime, in clock ticks. */
  readonly cpuTicks: number;
}

/** sysconf(_SC_CLK_TCK): USER_HZ is 100 on every Linux that Deno runs on. */
const TICKS_PER_SECOND = 100;

/**
 * Parses one line of `/proc/PID/stat`.
 *
 * Field 2 is the program's name in parentheses, which may contain spaces and parentheses, so fields are
 * counted from the last `)`.
 * @throws RangeError if the line is invalid
 */
export function parseProcStat(text: string): ProcStat {
  const nameEnd = text.lastIndexOf(")");
  const fields = text.slice(nameEnd + 2).split(" ");
  // The first field after the name is field 3.
  const stat = {
    id: Number.parseInt(text, 10),
    parent: Number(fields[4 - 3]),
    cpuTicks: Number(fields[14 - 3]) + Number(fields[15 - 3]),
  };
  if (nameEnd < 0 || !Number.isInteger(stat.id + stat.parent + stat.cpuTicks)) {
    throw new RangeError(`not a line of /proc/PID/stat: "${text}"`);
  }
  return stat;
}

/** Resident bytes from `/proc/PID/status`, whose VmRSS is in KiB; 0 if there is no VmRSS. */
export function parseResidentBytes(text: string): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(text);
  return match === null ? 0 : Number(match[1]) * 1024;
}

/**
 * Counts the sockets that listen on a port in the text of `/proc/net/tcp`. With SO_REUSEPORT there is one
 * per process or thread.
 */
export function countListeners(text: string, port: number): number {
  // Field 2 is the local address as hexadecimal ADDRESS:PORT, field 4 the state; 0A is LISTEN.
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return text.split("\n").filter((line) => {
    const [, local, , state] = line.trim().split(/\s+/);
    return state === "0A" && local?.endsWith(`:${hex}`) === true;
  }).length;
}

/** Runs `read`; returns undefined if the process or thread has ended. */
export function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    // ENOENT if it ended before open, ESRCH if it ended between open and read.
    if (error instanceof Deno.errors.NotFound || (error as { code?: string }).code === "ESRCH") {
      return undefined;
    }
    throw error;
  }
}

function statOf(path: string): ProcStat | undefined {
  return unlessGone(() => parseProcStat(Deno.readTextFileSync(`${path}/stat`)));
}

/** The given processes and all their descendants. */
export function familyOf(roots: readonly number[]): readonly number[] {
  const children = new Map<number, number[]>();
  for (const entry of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(entry.name)) continue;
    const stat = statOf(`/proc/${entry.name}`);
    if (stat !== undefined) {
      children.set(stat.parent, [...children.get(stat.parent) ?? [], stat.id]);
    }
  }
  const family = [...roots];
  // The array grows during the loop: the children of each member are appended once.
  for (const id of family) family.push(...children.get(id) ?? []);
  return family;
}

/** The number of IPv4 sockets that listen on a port of this machine. */
export function listenersOn(port: number): number {
  return countListeners(Deno.readTextFileSync("/proc/net/tcp"), port);
}

/** CPU seconds, user and system, of the processes, including ended threads. */
export function cpuSecondsOf(ids: readonly number[]): number {
  let ticks = 0;
  for (const id of ids) ticks += statOf(`/proc/${id}`)?.cpuTicks ?? 0;
  return ticks / TICKS_PER_SECOND;
}

/** CPU seconds of each thread of the processes, by thread id. */
export function threadCpuSecondsOf(ids: readonly number[]): Map<number, number> {
  const threads = new Map<number, number>();
  for (const id of ids) {
    const tasks = unlessGone(() => [...Deno.readDirSync(`/proc/${id}/task`)]) ?? [];
    for (const task of tasks) {
      const stat = statOf(`/proc/${id}/task/${task.name}`);
      if (stat !== undefined) threads.set(stat.id, stat.cpuTicks / TICKS_PER_SECOND);
    }
  }
  return threads;
}

/** The sum of the resident bytes of the processes; shared pages count in each. */
export function residentBytesOf(ids: readonly number[]): number {
  let bytes = 0;
  for (const id of ids) {
    const text = unlessGone(() => Deno.readTextFileSync(`/proc/${id}/status`));
    if (text !== undefined) bytes += parseResidentBytes(text);
  }
  return bytes;
}
