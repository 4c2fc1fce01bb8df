import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  EMFILE,
  errnoName,
  errnoText,
  expectSuccess,
  SystemError,
} from "../../../runtime/os/mod.ts";
import * as errnos from "../../../runtime/os/errno.ts";

function thrownBy(call: () => void): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

Deno.test("errno: every number that the server knows has a name and a text", () => {
  const known = Object.entries(errnos).filter(([name]) => /^E[A-Z]+$/.test(name));
  assertEquals(known.length > 20, true);
  for (const [name, number] of known) {
    assertEquals(errnoName(number as number), name);
    assertEquals(/^[a-z][^.]*$/.test(errnoText(number as number)), true, name);
  }
});

Deno.test("errno: an unknown number is printed as a number", () => {
  assertEquals([errnoName(999), errnoText(999)], ["errno 999", "errno 999"]);
});

Deno.test("system error: names the call, the descriptor and the reason", () => {
  const error = new SystemError("epoll_ctl", EMFILE, 7);
  assertEquals(error.message, "epoll_ctl on descriptor 7: too many open files (EMFILE)");
  assertEquals([error.call, error.errno, error.name], ["epoll_ctl", EMFILE, "SystemError"]);
  assertEquals(new SystemError("epoll_create1", EMFILE).message.includes("descriptor"), false);
});

Deno.test("expect success: returns a result that is not negative, and throws a negative one", () => {
  assertEquals(expectSuccess("dup", 0), 0);
  assertEquals(expectSuccess("dup", 9), 9);
  const error = thrownBy(() => expectSuccess("dup", -EMFILE, 3));
  assertEquals(error instanceof SystemError, true);
  assertStringIncludes((error as SystemError).message, "dup on descriptor 3");
});
