/**
 * The real server where nobody reads what it prints, so that no banner tells its port.
 *
 * In: arguments, which name a free port, and who is between. Out: the process; `isServing` asks by HTTP. Ends
 * only the child that it started.
 */

import { isAlive } from "./process_facts.ts";
import { REPOSITORY, serverCommand } from "./server.ts";
import { waitFor, within } from "./wait_for.ts";

/** How it is started. */
export interface BlindOptions {
  readonly args?: readonly string[];
  /** A program that becomes the server, which is told what to start behind its arguments. */
  readonly through?: readonly string[];
}

/** A server that was started, and may not serve yet. */
export class BlindServer implements AsyncDisposable {
  readonly port: number = freePort();
  readonly process: Deno.ChildProcess;

  constructor({ args = [], through = [] }: BlindOptions) {
    const [server, before, env] = serverCommand();
    const own = ["1", "127.0.0.1", String(this.port), "--log", "off"];
    const [program = server, ...all] = [...through, server, ...before, ...own, ...args];
    this.process = new Deno.Command(program, {
      args: all,
      cwd: REPOSITORY,
      env,
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
  }

  /** Waits until it answers. @throws {Error} if it ends instead */
  async serves(): Promise<void> {
    await waitFor(async () => {
      if (!isAlive(this.process.pid)) throw new Error("the server ended");
      try {
        return (await (await fetch(`http://127.0.0.1:${this.port}/healthz`)).text()) === "ok";
      } catch (error) {
        if (error instanceof TypeError) return false; // refused: not yet
        throw error;
      }
    }, { what: "an answer" });
  }

  /** Stops it; the answer is its exit code. */
  async stop(): Promise<number> {
    this.process.kill("SIGTERM");
    return (await within(this.process.status, { what: "the end after SIGTERM" })).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (isAlive(this.process.pid)) this.process.kill("SIGKILL");
    await this.process.status;
  }
}

/** A port that was free a moment ago. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}
