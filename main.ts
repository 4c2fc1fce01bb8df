/**
 * async-deno: HTTP/1.1 and WebSockets on every core.
 *
 * `main.ts [WORKERS] [IP] [PORT] [options]`; see `--help`.
 */

import { Signals } from "./runtime/signals.ts";

if (import.meta.main) {
  // Before anything else is loaded: a signal without a listener ends the process.
  const signals = new Signals();
  const { main } = await import("./runtime/mod.ts");
  Deno.exit(await main(Deno.args, signals));
}
