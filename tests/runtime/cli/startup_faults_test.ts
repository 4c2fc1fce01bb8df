/** Secrets that cannot be read are reported with the name of their file. */

import { assertEquals } from "@std/assert";
import { parseConfigFile } from "../../../runtime/cli/config_file.ts";
import { startupFaults } from "../../../runtime/cli/startup_faults.ts";

Deno.test("startup faults: a file with a secret that does not exist, or is a folder", async () => {
  const faults = async (path: string) => {
    const { channels } = parseConfigFile("a.toml", `[channels.api]\nkey_file = "${path}"`);
    return await startupFaults({ users: [], channels: channels! });
  };
  const reason = (
    path: string,
    text: string,
  ) => [`channels: cannot read the file ${path}: ${text}`];
  assertEquals(await faults("/nowhere"), reason("/nowhere", "the file does not exist"));
  assertEquals(await faults("/"), reason("/", "it is a folder, not a file"));
});
