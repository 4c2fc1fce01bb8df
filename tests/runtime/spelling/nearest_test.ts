import { assertEquals } from "@std/assert";
import { nearest } from "../../../runtime/spelling/mod.ts";

Deno.test("nearest: a typo is near, another word is not", () => {
  const names = ["ip", "port", "log", "config", "max-connections"];
  const rows: [written: string, meant: string | undefined][] = [
    ["prot", "port"],
    ["Port", "port"],
    ["loge", "log"],
    ["maxConnections", "max-connections"],
    ["max_conections", "max-connections"],
    ["connections", "max-connections"],
    ["conf", "config"],
    ["check", undefined],
    ["x", undefined],
    ["", undefined],
    ["frobnicate", undefined],
  ];
  for (const [written, meant] of rows) assertEquals(nearest(written, names), meant, written);
});
