/**
 * Removes the types of TypeScript.
 *
 * In: a path and its text. Out: JavaScript. Types become spaces, so that each line and column is where it was. Enums, namespaces, parameter
 * properties and casts in angle brackets need other code: a file that has any of them is written anew, and its lines may move.
 */

import { transformSync } from "amaro";
import { SourceError } from "./source_error.ts";

const WITH_JSX = /\.[jt]sx$/;

/** What amaro throws. */
interface Refusal {
  readonly code: "UnsupportedSyntax" | "InvalidSyntax";
  readonly message: string;
  readonly startLine?: number;
  /** From 0. */
  readonly startColumn?: number;
}

/** Removes them. @throws {SourceError} */
export function stripTypes(path: string, text: string): string {
  const parser = { syntax: "typescript", tsx: WITH_JSX.test(path) };
  const kept = stripped(path, text, { mode: "strip-only", parser });
  if (typeof kept === "string") return kept;
  const options = { mode: "transform", parser, transform: { verbatimModuleSyntax: false } };
  const written = stripped(path, text, options);
  if (typeof written === "string") return written;
  throw sourceError(path, written);
}

/** The code, or what it has that this mode does not support. Its own type of options does not name all that it passes on. */
function stripped(path: string, text: string, options: object): string | Refusal {
  try {
    return transformSync(text, options as Parameters<typeof transformSync>[1]).code;
  } catch (error) {
    const refusal = refusalOf(path, error);
    if (refusal.code === "UnsupportedSyntax") return refusal;
    throw sourceError(path, refusal);
  }
}

function refusalOf(path: string, error: unknown): Refusal {
  if (typeof error === "object" && error !== null && "code" in error && "message" in error) {
    return error as Refusal;
  }
  throw new SourceError({ path }, `cannot be read as TypeScript: ${error}`);
}

function sourceError(path: string, { message, startLine, startColumn }: Refusal): SourceError {
  return new SourceError(
    { path, line: startLine, column: startColumn === undefined ? undefined : startColumn + 1 },
    `syntax error: ${message}`,
  );
}
