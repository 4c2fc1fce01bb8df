import { assertEquals } from "@std/assert";
import { coresOf, pinFault, pinTo } from "./pin.ts";

Deno.test("pin: the client has core 0 and the server all others", () => {
  assertEquals(coresOf("client", "apart", 8), "0");
  assertEquals(coresOf("server", "apart", 2), "1");
  assertEquals(coresOf("server", "apart", 8), "1-7");
});

Deno.test("pin: a crowded row uses two cores of a larger machine", () => {
  assertEquals(coresOf("server", "two", 8), "0,1");
  assertEquals(coresOf("client", "two", 2), undefined);
});

Deno.test("pin: with all cores the command is unchanged", () => {
  const command = { command: "server", args: ["1"] };
  assertEquals(pinTo("server", "all", command), command);
});

Deno.test("pin: one core is not enough", () => {
  assertEquals(pinFault(1)?.missing, "a second core");
});

Deno.test({
  name: "pin: a pinned process runs only on its core and keeps its process id",
  ignore: pinFault() !== undefined,
  async fn() {
    const shell = {
      command: "sh",
      args: ["-c", "echo $$; grep Cpus_allowed_list /proc/self/status"],
    };
    for (const side of ["client", "server"] as const) {
      const { command, args } = pinTo(side, "apart", shell);
      const child = new Deno.Command(command, { args: [...args], stdout: "piped" }).spawn();
      const { stdout } = await child.output();
      const [pid, allowed] = new TextDecoder().decode(stdout).trim().split("\n");
      assertEquals(Number(pid), child.pid);
      assertEquals(allowed?.split(/\s+/)[1], coresOf(side, "apart"));
    }
  },
});
