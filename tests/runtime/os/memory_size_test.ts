/** How much memory a process may use: the least of the machine's and of its control groups'. */

import { assertEquals } from "@std/assert";
import { memorySizeFrom } from "../../../runtime/os/memory_size.ts";

const MEMINFO = "MemTotal:        2048000 kB\nMemFree:          100000 kB\n";
const TOTAL = 2_048_000 * 1024;

/** Each: the files beside /proc/meminfo, and the size. */
const ROWS: readonly (readonly [name: string, files: Record<string, string>, size: number])[] = [
  ["no control group", {}, TOTAL],
  ["version 1 without a limit", {
    "/proc/self/cgroup": "5:memory:/a\n",
    "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "9223372036854771712\n",
  }, TOTAL],
  ["version 1 with a limit", {
    "/proc/self/cgroup": "5:memory:/a/b\n",
    "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "2097152\n",
  }, 2_097_152],
  ["a group without a limit", {
    "/proc/self/cgroup": "0::/a\n",
    "/sys/fs/cgroup/a/memory.max": "max\n",
  }, TOTAL],
  ["a group with a limit", {
    "/proc/self/cgroup": "0::/a/b\n",
    "/sys/fs/cgroup/a/b/memory.max": "1048576\n",
  }, 1_048_576],
  ["the group above has the lower limit", {
    "/proc/self/cgroup": "0::/a/b\n",
    "/sys/fs/cgroup/a/memory.max": "1000\n",
    "/sys/fs/cgroup/a/b/memory.max": "2000\n",
  }, 1000],
  ["a container, whose group is the root", {
    "/proc/self/cgroup": "0::/\n",
    "/sys/fs/cgroup/memory.max": "536870912\n",
  }, 536_870_912],
  ["a limit above what the machine has", {
    "/proc/self/cgroup": "0::/\n",
    "/sys/fs/cgroup/memory.max": "9999999999999\n",
  }, TOTAL],
];

for (const [name, files, size] of ROWS) {
  Deno.test(`memory size: ${name}`, () => {
    const all: Record<string, string> = { "/proc/meminfo": MEMINFO, ...files };
    assertEquals(memorySizeFrom((path) => all[path]), size);
  });
}

Deno.test("memory size: nothing can be read", () => {
  assertEquals(memorySizeFrom(() => undefined), undefined);
});
