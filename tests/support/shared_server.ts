/**
 * Tests that share one server, in which they leave nothing behind: its start costs more CPU than most of them.
 *
 * In: the name of what they test, the server's options, and then the tests. Out: one test of that name, with a step for each of them. If
 * one fails, the others run all the same, and the server's output is printed at the end.
 */

import { type Server, type ServerOptions, withServer } from "./server.ts";

/** A test of the shared server, which may have steps of its own. */
type SharedTest = (server: Server, test: Deno.TestContext) => Promise<void>;

/** Registers the test; returns what adds a step to it. */
export function sharedServer(
  title: string,
  options: ServerOptions,
): (name: string, body: SharedTest) => void {
  const steps: (readonly [name: string, body: SharedTest])[] = [];
  Deno.test(title, (test) =>
    withServer(options, async (server) => {
      const failed: string[] = [];
      for (const [name, body] of steps) {
        if (!await test.step(name, (step) => body(server, step))) failed.push(name);
      }
      if (failed.length > 0) throw new Error(`failed: ${failed.join("; ")}`);
    }));
  return (name, body) => void steps.push([name, body]);
}
