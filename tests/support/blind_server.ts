/**
 * The real server if nobody reads its output, so that no banner shows its port.
 *
 * In: arguments with a free port, and a program that starts the server. Out: the process; `serves` asks by HTTP. Ends
 * only the child that it started.
 */

import { freePort } from "./free_port.ts";
import { isAlive } from "./process_facts.ts";
import { REPOSITORY, serverCommand } from "./server.ts";
import { waitFor, within } from "./wait_for.ts";

/** How the server is started. */
export interface BlindOptions {
  /** Worker threads; by default 1. */
  readonly workers?: number;
  readonly args?: readonly string[];
  /** A program that executes the command line after its own arguments. */
  readonly through?: readonly string[];
  /** Further variables of its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A server that was started, and may not serve yet. */
export class BlindServer implements AsyncDisposable {
  readonly port: number = freePort();
  readonly process: Deno.ChildProcess;

  constructor({ workers = 1, args = [], through = [], env = {} }: BlindOptions) {
    const [server, before, inherited] = serverCommand();
    const own = [String(workers), "127.0.0.1", String(this.port), "--log", "off"];
    const [program = server, ...all] = [...through, server, ...before, ...own, ...args];
    this.process = new Deno.Command(program, {
      args: all,
      cwd: REPOSITORY,
      env: { ...inherited, ...env },
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

  /** Stops the server; returns its exit code. */
  async stop(): Promise<number> {
    this.process.kill("SIGTERM");
    return (await within(this.process.status, { what: "the end after SIGTERM" })).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (isAlive(this.process.pid)) this.process.kill("SIGKILL");
    await this.process.status;
  }
}
