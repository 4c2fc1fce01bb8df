/** How many cores a process may use: those of its affinity, or the lowest quota of its control groups, rounded up. */

import { assertEquals } from "@std/assert";
import { usableCoresFrom } from "../../../runtime/os/usable_cores.ts";

const AFFINITY = 8;
const NO_QUOTA = { count: AFFINITY };

/** Each: the files, and the cores. */
const ROWS: readonly (readonly [
  name: string,
  files: Record<string, string>,
  cores: { count: number; limit?: string },
])[] = [
  ["no control group", {}, NO_QUOTA],
  ["a group without a quota", {
    "/proc/self/cgroup": "0::/a\n",
    "/sys/fs/cgroup/a/cpu.max": "max 100000\n",
  }, NO_QUOTA],
  ["a quota of whole cores", {
    "/proc/self/cgroup": "0::/a\n",
    "/sys/fs/cgroup/a/cpu.max": "200000 100000\n",
  }, { count: 2, limit: "CPU quota of 2" }],
  ["a quota is rounded up", {
    "/proc/self/cgroup": "0::/a\n",
    "/sys/fs/cgroup/a/cpu.max": "150000 100000\n",
  }, { count: 2, limit: "CPU quota of 1.5" }],
  ["a quota below one core", {
    "/proc/self/cgroup": "0::/a\n",
    "/sys/fs/cgroup/a/cpu.max": "12345 100000\n",
  }, { count: 1, limit: "CPU quota of 0.12" }],
  ["the group above has the lower quota", {
    "/proc/self/cgroup": "0::/a/b\n",
    "/sys/fs/cgroup/a/cpu.max": "300000 100000\n",
    "/sys/fs/cgroup/a/b/cpu.max": "200000 50000\n",
  }, { count: 3, limit: "CPU quota of 3" }],
  ["a container, whose group is the root", {
    "/proc/self/cgroup": "0::/\n",
    "/sys/fs/cgroup/cpu.max": "50000 25000\n",
  }, { count: 2, limit: "CPU quota of 2" }],
  ["a quota above the affinity", {
    "/proc/self/cgroup": "0::/\n",
    "/sys/fs/cgroup/cpu.max": "900000 100000\n",
  }, NO_QUOTA],
  ["a quota that leaves the last core in part", {
    "/proc/self/cgroup": "0::/\n",
    "/sys/fs/cgroup/cpu.max": "750000 100000\n",
  }, { count: AFFINITY, limit: "CPU quota of 7.5" }],
  ["version 1", {
    "/proc/self/cgroup": "5:memory:/m\n4:cpu,cpuacct:/a/b\n3:cpuset:/\n0::/c\n",
    "/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "250000\n",
    "/sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000\n",
    "/sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us": "-1\n",
    "/sys/fs/cgroup/cpu/a/b/cpu.cfs_period_us": "100000\n",
  }, { count: 3, limit: "CPU quota of 2.5" }],
  ["version 1 in a container, whose path is the host's", {
    "/proc/self/cgroup": "4:cpu,cpuacct:/docker/0123\n",
    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "100000\n",
    "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
  }, { count: 1, limit: "CPU quota of 1" }],
  ["version 1, and a controller of a similar name", {
    "/proc/self/cgroup": "4:cpuacct:/x\n",
    "/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us": "100000\n",
    "/sys/fs/cgroup/cpu/x/cpu.cfs_period_us": "100000\n",
  }, NO_QUOTA],
  ["all cores of the machine", { "/sys/devices/system/cpu/online": "0-3,8-11\n" }, NO_QUOTA],
  ["an affinity of some cores", { "/sys/devices/system/cpu/online": "0-7,12\n" }, {
    count: AFFINITY,
    limit: "CPU affinity",
  }],
];

for (const [name, files, cores] of ROWS) {
  Deno.test(`usable cores: ${name}`, () => {
    assertEquals(usableCoresFrom((path) => files[path], AFFINITY), cores);
  });
}
