/**
 * How many descriptors this process may open (RLIMIT_NOFILE of getrlimit(2)), and whether some are free.
 *
 * In: nothing. Out: the limit, raised if possible, and answers to "are this many free?". Called by the main
 * thread at the start and before it replaces a thread, and by workers that cannot see the descriptors of the
 * connections that they accept. Without libc nothing is known and nothing is raised.
 */

import { hasLibc, libc } from "./libc.ts";
import { LinuxOs } from "./linux.ts";

const RLIMIT_NOFILE = 7;

/** The descriptor limits of this process: a descriptor's number is always below `soft`. */
export interface DescriptorLimit {
  /** The limit in effect. */
  readonly soft: number;
  /** The limit that the process may raise it to. */
  readonly hard: number;
}

/** The limit; undefined without libc, or in a sandbox that forbids getrlimit. */
export function descriptorLimit(): DescriptorLimit | undefined {
  if (!hasLibc()) return undefined;
  const words = new BigUint64Array(2); // struct rlimit { u64 rlim_cur; u64 rlim_max }
  if (libc().getrlimit(RLIMIT_NOFILE, new Uint8Array(words.buffer)) !== 0) return undefined;
  const [soft = 0n, hard = 0n] = words;
  return { soft: Number(soft), hard: Number(hard) };
}

/**
 * Raises the soft limit to the hard one. The soft limit is often 1024, for programs that use select(2), which
 * this server does not: see setrlimit(2) and systemd.exec(5).
 *
 * @returns the limit that is now in effect
 */
export function raiseDescriptorLimit(): DescriptorLimit | undefined {
  const limit = descriptorLimit();
  if (limit === undefined || limit.soft >= limit.hard) return limit;
  const { hard } = limit;
  const words = new BigUint64Array([BigInt(hard), BigInt(hard)]);
  // A sandbox may forbid it; then the old limit stays in effect and is returned.
  libc().setrlimit(RLIMIT_NOFILE, new Uint8Array(words.buffer));
  return descriptorLimit();
}

/** Whether this process can open this many descriptors now. True without libc, where it cannot be known. */
export function hasDescriptors(count: number): boolean {
  if (!hasLibc()) return true;
  const os = new LinuxOs();
  const opened: number[] = [];
  while (opened.length < count) {
    const descriptor = os.eventfd();
    if (descriptor < 0) break;
    opened.push(descriptor);
  }
  for (const descriptor of opened) os.close(descriptor);
  return opened.length === count;
}

/**
 * The same at the start, at once for any count: then the open descriptors have the lowest numbers. A few inherited
 * ones may have higher numbers, and are not counted.
 */
export function hasDescriptorsAtStart(count: number): boolean {
  const limit = descriptorLimit();
  return limit === undefined || lowestDescriptor(new LinuxOs()) + count <= limit.soft;
}

/** The number that the next descriptor of this process will have; Infinity if there is none left. */
export function lowestDescriptor(os: Pick<LinuxOs, "eventfd" | "close">): number {
  const descriptor = os.eventfd();
  if (descriptor < 0) return Infinity;
  os.close(descriptor);
  return descriptor;
}
