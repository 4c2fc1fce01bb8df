/**
 * Facts about a process and about installed programs.
 *
 * In: a process id, or a program's name. Out: numbers from /proc, paths from PATH. Reads only.
 */

/** How many descriptors the process has open. */
export function countDescriptors(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}

/**
 * At most so many descriptors are opened by threads that are still loading after the server's first answer: the other
 * workers, the writer of the log. A test that counts before and after opens many more.
 */
export const LATE_DESCRIPTORS = 16;

/** How many of them are sockets. */
export function countSockets(pid: number): number {
  return descriptorTargets(pid).filter(({ target }) => target.startsWith("socket:")).length;
}

function descriptorTargets(pid: number): { name: string; target: string }[] {
  const targets: { name: string; target: string }[] = [];
  for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
    try {
      targets.push({ name, target: Deno.readLinkSync(`/proc/${pid}/fd/${name}`) });
    } catch (error) {
      // Closed between the listing and the read: it does not count.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return targets;
}

/**
 * How many connections each epoll instance of the process watches, in no order.
 *
 * A connection is a socket of the process that /proc/net/tcp lists by its inode as established on the local
 * `port`; the sockets that an epoll instance watches are in its fdinfo as `tfd:`.
 */
export function connectionsPerEpoll(pid: number, port: number): number[] {
  const established = establishedInodes(pid, port);
  const sockets = new Set<number>();
  const epolls: string[] = [];
  for (const { name, target } of descriptorTargets(pid)) {
    if (target === "anon_inode:[eventpoll]") epolls.push(name);
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined && established.has(inode)) sockets.add(Number(name));
  }
  const watched = epolls.map((epoll) => {
    const info = Deno.readTextFileSync(`/proc/${pid}/fdinfo/${epoll}`);
    const all = [...info.matchAll(/^tfd:\s+(\d+)/gm)].map((match) => Number(match[1]));
    return all.filter((descriptor) => sockets.has(descriptor)).join();
  });
  // Two descriptors of one instance list the same sockets.
  return [...new Set(watched)].map((list) => list === "" ? 0 : list.split(",").length);
}

// proc(5): local_address is address:port in hexadecimal, state 01 is ESTABLISHED, then the inode.
function establishedInodes(pid: number, port: number): Set<string> {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = Deno.readTextFileSync(`/proc/${pid}/net/tcp`).split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[1]?.endsWith(local) && columns[3] === "01");
  return new Set(rows.map((columns) => columns[9]!));
}

/** Whether the process exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return !stat.slice(stat.lastIndexOf(")")).startsWith(") Z");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The path of the program `name` on PATH, or undefined. */
export function findProgram(name: string): string | undefined {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    const path = `${folder}/${name}`;
    try {
      const { isFile, mode } = Deno.statSync(path);
      if (isFile && ((mode ?? 0) & 0o111) !== 0) return path;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}
