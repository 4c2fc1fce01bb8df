import { assertEquals } from "@std/assert";
import { isLostConnection } from "../../../runtime/os/accept_error.ts";
import * as errno from "../../../runtime/os/errno.ts";

Deno.test("accept error: the errors of accept(2) that concern one connection, and no others", () => {
  const lost = Object.entries(errno).filter(([_, value]) => {
    return typeof value === "number" && isLostConnection(value);
  });
  assertEquals(lost.map(([name]) => name).sort(), [
    "ECONNABORTED",
    "EHOSTDOWN",
    "EHOSTUNREACH",
    "ENETDOWN",
    "ENETUNREACH",
    "ENONET",
    "ENOPROTOOPT",
    "EOPNOTSUPP",
    "EPERM",
    "EPROTO",
    "ETIMEDOUT",
  ]);
});
