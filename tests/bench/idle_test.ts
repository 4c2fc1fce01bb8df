import { assertEquals } from "@std/assert";
import { idleLines } from "./idle.ts";

Deno.test("idleLines lists exactly the threads that woke up", () => {
  const threads = [
    { name: "async-deno", wakeUps: 0, cpu: 0 },
    { name: "worker-1", wakeUps: 2, cpu: 0.01 },
    { name: "worker-2", wakeUps: 1, cpu: 0 },
  ];
  assertEquals(idleLines("idle, 10 s", threads), [
    "                       wake-ups     CPU",
    "idle, 10 s, 3 threads         3  0.01 s",
    "  worker-1                    2  0.01 s",
    "  worker-2                    1  0.00 s",
  ]);
});
