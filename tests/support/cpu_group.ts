/**
 * A control group with a CPU quota, for processes that a test starts.
 *
 * In: a number of cores. Out: the command that starts another command in the group, and its removal. Needs the rights
 * for it, and the controller in /sys/fs/cgroup: version 1, or version 2 with `cpu` in the root's subtree.
 */

const PERIOD = 100_000;

/** One group; it is removed when its processes have ended. */
export class CpuGroup implements Disposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** A group that may use so many cores; undefined: this machine or its rights do not allow one. */
  static make(cores: number): CpuGroup | undefined {
    const quota = cores * PERIOD;
    return makeIn("/sys/fs/cgroup/cpu", {
      "cpu.cfs_period_us": PERIOD,
      "cpu.cfs_quota_us": quota,
    }) ??
      makeIn("/sys/fs/cgroup", { "cpu.max": `${quota} ${PERIOD}` });

    function makeIn(root: string, limits: Record<string, string | number>): CpuGroup | undefined {
      const folder = `${root}/async-deno-${Deno.pid}-${crypto.randomUUID()}`;
      try {
        Deno.lstatSync(`${root}/cgroup.procs`);
        Deno.mkdirSync(folder);
      } catch {
        return undefined; // another version of control groups, or no rights
      }
      const group = new CpuGroup(folder);
      try {
        for (const [name, text] of Object.entries(limits)) {
          Deno.writeTextFileSync(`${folder}/${name}`, `${text}`, { create: false });
        }
        return group;
      } catch {
        group.remove();
        return undefined; // without the controller
      }
    }
  }

  /** What stands before a command that is to run in the group. */
  get command(): readonly string[] {
    return ["sh", "-c", `echo $$ > "$0/cgroup.procs" && exec "$@"`, this.#folder];
  }

  /** @returns the path that is free again */
  remove(): string {
    Deno.removeSync(this.#folder);
    return this.#folder;
  }

  [Symbol.dispose](): void {
    this.remove();
  }
}
