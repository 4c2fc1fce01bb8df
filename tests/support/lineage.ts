/**
 * A server and those that replace it by SIGUSR2.
 *
 * In: the first server, whose output all of them have. Out: one upgrade after the other, and the process that serves.
 */

import { assertEquals } from "@std/assert";
import { isAlive } from "./process_facts.ts";
import { type Server, waitFor } from "./server.ts";

/** A server and its successors: one process after the other. */
export class Lineage {
  /** The process that serves now. */
  pid: number;
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
    this.pid = server.pid;
  }

  /** Sends SIGUSR2, and waits until another process serves. */
  async upgrade(): Promise<void> {
    const before = this.#successors().length;
    Deno.kill(this.pid, "SIGUSR2");
    const successors = await waitFor(() => {
      const all = this.#successors();
      return all.length > before ? all : undefined;
    }, { what: () => `an upgrade\n${this.#server.stdout}${this.#server.stderr}` });
    this.pid = successors.at(-1)!; // there is one more
  }

  /** Sends SIGUSR2, and waits for these words on standard error. */
  async refuses(...words: readonly string[]): Promise<void> {
    const before = this.#server.stderr.length;
    Deno.kill(this.pid, "SIGUSR2");
    await waitFor(
      () => words.every((word) => this.#server.stderr.slice(before).includes(word)),
      { what: () => `${words} in\n${this.#server.stderr}` },
    );
  }

  /** Ends the process that serves; the end of the first one is that of all, which have its output. */
  async stop(): Promise<void> {
    Deno.kill(this.pid, "SIGTERM");
    assertEquals((await this.#server.stop()).code, 0);
  }

  /** Kills all of them. */
  [Symbol.dispose](): void {
    for (const pid of [this.#server.pid, ...this.#successors()]) {
      if (isAlive(pid)) Deno.kill(pid, "SIGKILL");
    }
  }

  #successors(): number[] {
    return [...this.#server.stdout.matchAll(/upgraded: process (\d+) serves/g)]
      .map(([, pid]) => Number(pid));
  }
}
