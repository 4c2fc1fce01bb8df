/**
 * A real systemd: process 1 of namespaces of its own, without a network, over a layer in memory on the files of this machine.
 *
 * In: an executable, which is /usr/local/bin/async-deno there. Out: commands that run inside, and its files as this process sees them.
 * Nothing of the machine is changed but for one control group, below which that systemd makes its own; both are gone at the end. Only
 * the units of a test and the journal run there. Needs programs, {@link OwnSystemd.missing}, and rights, {@link OwnSystemd.obstacle}.
 */

import { findProgram } from "./process_facts.ts";
import { waitFor } from "./wait_for.ts";

const SYSTEMD = "/lib/systemd/systemd";
const UNITS = "/etc/test-units";
const GROUPS = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"];
const NAMESPACES = ["--mount", "--propagation=private", "--pid", "--fork", "--kill-child"];
const APART = ["--cgroup", "--net", "--ipc", "--uts"];

/** Enters a new control group, and makes the namespaces. Arguments: the group, and the command in it. */
const ENTER = `
set -e
group=$1; shift
mkdir "$group"
echo $$ >"$group/cgroup.procs"
exec unshare ${[...NAMESPACES, ...APART].join(" ")} "$@"
`;

/** Mounts what systemd needs. Arguments: a folder, and the executable. */
const MOUNT = `
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/new"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/new"
cd "$1/new"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
ln -s /proc/self/fd dev/fd
ln -s pts/ptmx dev/ptmx
mkdir dev/shm dev/pts dev/mqueue
mount -t tmpfs tmpfs dev/shm
mount -t mqueue mqueue dev/mqueue
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir -p usr/local/bin
touch usr/local/bin/async-deno
mount --bind "$2" usr/local/bin/async-deno
`;

/** Starts systemd. Its units are the journal's, and empty targets. */
const START = `
mkdir -p ".${UNITS}" etc/systemd/journald.conf.d run/old
cp lib/systemd/system/systemd-journald.service lib/systemd/system/systemd-journald.socket \\
  lib/systemd/system/systemd-journald-dev-log.socket ".${UNITS}"
for target in sysinit basic sockets shutdown network-online; do
  printf '[Unit]\\nDescription=%s\\n' "$target" >".${UNITS}/$target.target"
done
printf '[Unit]\\nDescription=boot\\nWants=systemd-journald.service\\nAfter=systemd-journald.service\\n' \\
  >".${UNITS}/boot.target"
printf '[Journal]\\nStorage=volatile\\nReadKMsg=no\\nAudit=no\\n' >etc/systemd/journald.conf.d/test.conf
pivot_root . run/old
umount -l /run/old
exec env -i container=test PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin SYSTEMD_UNIT_PATH="${UNITS}" \\
  ${SYSTEMD} --system --unit=boot.target --log-target=journal --show-status=no
`;

/** What a command printed. */
export interface SystemdAnswer {
  readonly code: number;
  readonly text: string;
}

/** One systemd; its end is that of all that runs in it. */
export class OwnSystemd implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #folder: string;
  readonly #group: string;
  /** Its process 1, as this process sees it. */
  #pid = 0;

  private constructor(executable: string, group: string) {
    this.#group = group;
    this.#folder = Deno.makeTempDirSync({ prefix: "async-deno-test-" });
    this.#child = new Deno.Command("bash", {
      args: enter(group, `${MOUNT}${START}`, [this.#folder, executable]),
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
  }

  /** What can be installed, and is not; empty: nothing. */
  static missing(): string {
    const programs = ["unshare", "nsenter", "journalctl"].map(findProgram);
    return programs.includes(undefined) || !isThere(SYSTEMD) ? "apt-get install systemd" : "";
  }

  /** Why this machine does not permit one; empty: it does. Not to be asked if something is missing. */
  static obstacle(): string {
    if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "needs root on Linux";
    const group = newGroup();
    if (group === undefined) return "needs control groups of version 2";
    const folder = Deno.makeTempDirSync({ prefix: "async-deno-test-" });
    try {
      const args = enter(group, MOUNT, [folder, SYSTEMD]);
      const { code, stderr } = new Deno.Command("bash", { args, stdin: "null" }).outputSync();
      return code === 0 ? "" : new TextDecoder().decode(stderr).trim();
    } finally {
      Deno.removeSync(folder);
      if (isThere(group)) Deno.removeSync(group);
    }
  }

  /** Starts it. */
  static async start(executable: string): Promise<OwnSystemd> {
    const systemd = new OwnSystemd(executable, newGroup()!); // obstacle() says that there is one
    try {
      await waitFor(() => systemd.#isRunning(), { what: "systemd" });
    } catch (error) {
      await systemd[Symbol.asyncDispose]();
      throw error;
    }
    return systemd;
  }

  /** Runs a script of bash inside. */
  async run(script: string): Promise<SystemdAnswer> {
    const args = ["--target", String(this.#pid), "--all", "bash", "-c", script];
    const { code, stdout, stderr } = await new Deno.Command("nsenter", { args, stdin: "null" })
      .output();
    const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
    return { code, text: text.trim() };
  }

  /** A file inside. */
  file(path: string): string {
    return `/proc/${this.#pid}/root${path}`;
  }

  /** The folder of its units. */
  get units(): string {
    return UNITS;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // With its parent, of which it is the only child, it is killed, and with it all others.
    this.#child.kill("SIGKILL");
    await this.#child.status;
    await waitFor(() => removeGroup(this.#group), { what: "the end of all processes" });
    await Deno.remove(this.#folder);
  }

  async #isRunning(): Promise<boolean> {
    const { pid } = this.#child;
    const [child] = (await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`)).split(" ");
    if (child === undefined || child === "") return false;
    // Before that it is a program of the scripts, which may have ended.
    const name = await Deno.readTextFile(`/proc/${child}/comm`).catch(() => "");
    if (name !== "systemd\n") return false;
    this.#pid = Number(child);
    return (await this.run("systemctl is-active boot.target")).text === "active";
  }
}

function enter(group: string, script: string, args: readonly string[]): string[] {
  return ["-c", ENTER, "bash", group, "bash", "-c", script, "bash", ...args];
}

/** A control group that does not exist yet; undefined: there is no place for one. */
function newGroup(): string | undefined {
  const root = GROUPS.find((path) => isThere(`${path}/cgroup.subtree_control`));
  return root && `${root}/async-deno-test-${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
}

/** Removes a group with those below it; false if a process is still in one of them. */
function removeGroup(path: string): boolean {
  if (!isThere(path)) return true;
  for (const { name, isDirectory } of Deno.readDirSync(path)) {
    if (isDirectory && !removeGroup(`${path}/${name}`)) return false;
  }
  try {
    Deno.removeSync(path);
    return true;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return false;
  }
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
