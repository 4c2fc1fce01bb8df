import { assertEquals, assertThrows } from "@std/assert";
import {
  countListeners,
  cpuSecondsOf,
  familyOf,
  parseProcStat,
  parseResidentBytes,
  residentBytesOf,
  threadCpuSecondsOf,
} from "./proc.ts";

const REST = "S 42 4242 4242 0 -1 4194560 1000 0 0 0 1234 567 8 9 20 0 4 0 5000 104857600 25600";

Deno.test("parseProcStat counts fields from the end of the name", () => {
  const names = ["nginx", "Web Content", ") R 1 2 3", "a) (b", ""];
  for (const name of names) {
    assertEquals(parseProcStat(`77 (${name}) ${REST}\n`), { id: 77, parent: 42, cpuTicks: 1801 });
  }
});

Deno.test("parseProcStat refuses invalid lines", () => {
  for (const text of ["", "77", "77 (name", "77 (name) S", "x (name) " + REST]) {
    assertThrows(() => parseProcStat(text), RangeError);
  }
});

Deno.test("parseResidentBytes reads VmRSS, and returns 0 without it", () => {
  assertEquals(
    parseResidentBytes("Name:\tdeno\nVmHWM:\t  9 kB\nVmRSS:\t   61440 kB\nRssAnon:\t 1 kB\n"),
    61440 * 1024,
  );
  assertEquals(parseResidentBytes("Name:\tkthreadd\n"), 0);
});

Deno.test("this process has CPU time, memory and threads", () => {
  const end = performance.now() + 30;
  while (performance.now() < end) Math.sqrt(end);
  assertEquals(cpuSecondsOf([Deno.pid]) > 0, true);
  assertEquals(residentBytesOf([Deno.pid]) > 1024 * 1024, true);
  assertEquals(threadCpuSecondsOf([Deno.pid]).has(Deno.pid), true);
});

Deno.test("familyOf finds children, and an ended process counts as zero", async () => {
  const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
  try {
    assertEquals(familyOf([Deno.pid]).includes(child.pid), true);
  } finally {
    child.kill();
    await child.status;
  }
  assertEquals(cpuSecondsOf([child.pid]), 0);
  assertEquals(residentBytesOf([child.pid]), 0);
  assertEquals(threadCpuSecondsOf([child.pid]).size, 0);
});

Deno.test("countListeners counts exactly the listening sockets of the port", () => {
  const text = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    "   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1",
    "   1: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2",
    "   2: 0100007F:1F40 0100007F:A001 01 00000000:00000000 00:00000000 00000000     0        0 3",
    "   3: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4",
    "",
  ].join("\n");
  assertEquals([8000, 80, 443].map((port) => countListeners(text, port)), [2, 1, 0]);
});
