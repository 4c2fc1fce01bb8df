/**
 * Tests that share one server, in which they leave nothing behind: its start costs more CPU than most of them.
 *
 * In: the name of what they test, the server's options, or what starts it, and then the tests. Out: one test of that name, with a step for
 * each of them. If one fails, the others run all the same, and the output of a server that is a process is printed at the end.
 */

import { type Server, type ServerOptions, withServer } from "./server.ts";

/** A test of what is shared, which may have steps of its own. */
type SharedTest<T> = (shared: T, test: Deno.TestContext) => Promise<void>;

/** Adds a step. */
export type AddTest<T> = (name: string, body: SharedTest<T>) => void;

/** Registers the test; returns what adds a step to it. */
export function sharedServer(title: string, options: ServerOptions): AddTest<Server> {
  return sharedBy(title, (body) => withServer(options, body));
}

/** The same for whatever `share` starts, passes to its argument once, and ends. */
export function sharedBy<T>(
  title: string,
  share: (body: (shared: T) => Promise<void>) => Promise<void>,
): AddTest<T> {
  const steps: (readonly [name: string, body: SharedTest<T>])[] = [];
  Deno.test(title, (test) =>
    share(async (shared) => {
      const failed: string[] = [];
      for (const [name, body] of steps) {
        if (!await test.step(name, (step) => body(shared, step))) failed.push(name);
      }
      if (failed.length > 0) throw new Error(`failed: ${failed.join("; ")}`);
    }));
  return (name, body) => void steps.push([name, body]);
}
