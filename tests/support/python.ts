/**
 * Finds a Python that has a package: another one may come before the system's.
 *
 * In: what a client imports. Out: the path of a python3, or undefined. Called by tests with clients in Python.
 */

import { findProgram } from "./process_facts.ts";

/** The first python3 that can run the statement, as `import websockets`. */
export function pythonWith(statement: string): string | undefined {
  const candidates = [findProgram("python3"), "/usr/bin/python3"];
  return candidates.find((program) => program !== undefined && runs(program, statement));
}

function runs(program: string, statement: string): boolean {
  const args = ["-c", statement];
  try {
    return new Deno.Command(program, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
