/**
 * The thread of a log that is slow to load: it connects to loads.ts when it begins, and continues when that connection ends.
 */

import { LOADS_PORT } from "./loads.ts";

{
  using connection = await Deno.connect({
    hostname: "127.0.0.1",
    port: Number(Deno.env.get(LOADS_PORT)),
  });
  await connection.read(new Uint8Array(1));
}
await import("../../runtime/executor/log_thread.ts");
