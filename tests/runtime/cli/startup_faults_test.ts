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
  ) => [`key_file of [channels.api]: cannot read the file ${path}: ${text}`];
  const make = "; this makes one: head -c 24 /dev/urandom | base64 >";
  assertEquals(
    await faults("/nowhere"),
    reason("/nowhere", `the file does not exist${make} /nowhere`),
  );
  assertEquals(
    await faults("no.key"),
    reason("no.key", `the file does not exist in ${Deno.cwd()}${make} no.key`),
  );
  assertEquals(await faults("/"), reason("/", "it is a folder, not a file"));
});

Deno.test("startup faults: every secret that is missing, or too short, has a line with its key", async () => {
  const file = await Deno.makeTempFile({ prefix: "async-deno-test-" });
  try {
    await Deno.writeTextFile(file, "short\n");
    const { channels } = parseConfigFile(
      "a.toml",
      `[channels]
engine = "rediss+sentinel://127.0.0.1/master"
engine_password_file = "/no.password"
engine_ca_file = "/no.pem"
engine_sentinel_password_variable = "ASYNC_DENO_NOT_SET"
[channels.token]
hmac_secret_key_file = "${file}"
hmac_previous_secret_key_file = "/no.key"
[channels.api]
key_variable = "ASYNC_DENO_NOT_SET"
[pusher.apps.shop]
id = "1"
key = "key"
secret_file = "${file}"`,
    );
    const missing = (path: string) => `cannot read the file ${path}: the file does not exist`;
    const short = `the file ${file} has a secret of 5 bytes, and it must have at least`;
    const unset = "the variable ASYNC_DENO_NOT_SET is empty, and must have a secret";
    assertEquals(await startupFaults({ users: [], channels: channels! }), [
      `engine_password_file of [channels]: ${missing("/no.password")}`,
      `engine_ca_file of [channels]: ${missing("/no.pem")}`,
      `engine_sentinel_password_variable of [channels]: ${unset}`,
      `hmac_secret_key_file of [channels.token]: ${short} 32; this makes one: head -c 48 /dev/urandom | base64 > ${file}`,
      `hmac_previous_secret_key_file of [channels.token]: ${missing("/no.key")}`,
      `key_variable of [channels.api]: ${unset}`,
      `secret_file of [pusher.apps.shop]: ${short} 16; this makes one: head -c 24 /dev/urandom | base64 > ${file}`,
    ]);
  } finally {
    await Deno.remove(file);
  }
});
