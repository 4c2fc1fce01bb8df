/**
 * A program whose workers have the handlers of handlers_thread.ts, for tests of a whole process in which a
 * worker can be made to die.
 *
 * In: a part of a config as JSON, the only argument. Out: the port, as a line on stdout; the executor's
 * warnings, on stderr. SIGTERM stops it.
 */

import { DEFAULT_CONFIG, Executor } from "../../runtime/mod.ts";

const given = JSON.parse(Deno.args[0] ?? "{}");
const config = {
  ...DEFAULT_CONFIG,
  hostname: "127.0.0.1",
  port: 0,
  log: "off",
  workers: 2,
  ...given,
};
const executor = await Executor.start(config, {
  warn: console.error,
  workerModule: new URL("./handlers_thread.ts", import.meta.url),
});
Deno.addSignalListener("SIGTERM", () => executor.stop());
console.log(executor.address.port);
const { failure } = await executor.ended;
if (failure !== undefined) console.error(failure);
Deno.exit(failure === undefined ? 0 : 1);
