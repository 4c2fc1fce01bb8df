/**
 * async-deno: HTTP/1.1 and WebSockets on every core.
 *
 * `main.ts [WORKERS] [IP] [PORT] [options]`; see `--help`.
 */

import { main } from "./runtime/mod.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));
