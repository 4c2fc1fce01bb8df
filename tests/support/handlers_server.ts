/**
 * A server in this process whose workers run a module of the tests.
 *
 * In: the module, and what differs from the default config. Out: its port, while `body` runs. One
 * worker, so that the handlers share one state.
 */

import { type Config, DEFAULT_CONFIG, Executor } from "../../runtime/mod.ts";
import { OVER_DENO_TRANSPORT } from "./suite_transport.ts";
import "./load_libc.ts";

/** A running server. */
export interface HandlersServer {
  readonly hostname: string;
  readonly port: number;
}

/** Serves with the handlers of `workerModule` while `body` runs. */
export async function withHandlers(
  workerModule: URL,
  config: Partial<Config>,
  body: (server: HandlersServer) => Promise<void>,
): Promise<void> {
  const hostname = "127.0.0.1";
  const whole: Config = {
    ...DEFAULT_CONFIG,
    ...{ workers: 1, hostname, port: 0, log: "off" },
    transport: OVER_DENO_TRANSPORT ? "deno" : "auto",
    ...config,
  };
  const executor = await Executor.start(whole, { warn: () => {}, workerModule });
  try {
    await body({ hostname, port: executor.address.port });
  } finally {
    executor.stop();
    await executor.ended;
  }
}
