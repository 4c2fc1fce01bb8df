/**
 * Describes the machine of a measurement; figures mean little without it.
 */

/** Above this load average, other processes use most of a core. */
const BUSY = 0.7;

/** The machine and its system. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly kernel: string;
  /** Load average of the last minute before the run, caused by other processes. */
  readonly load: number;
}

/** Describes this machine. */
export function describeMachine(): Machine {
  const cpu = /^model name\s*:\s*(.+)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1];
  return {
    cpu: cpu ?? "unknown",
    cores: navigator.hardwareConcurrency,
    kernel: Deno.osRelease(),
    load: Deno.loadavg()[0]!,
  };
}

/** The machine on one line. */
export function machineText({ cpu, cores, kernel }: Machine): string {
  return `${cpu}, ${cores} cores, Linux ${kernel}`;
}

/** A warning if other work will disturb the figures. */
export function loadWarning({ load }: Machine): string[] {
  if (load < BUSY) return [];
  return [`the machine is busy (load average ${load.toFixed(1)}): the figures will be noisy`];
}
