/**
 * Removes the types of TypeScript.
 *
 * In: a path and its text. Out: JavaScript. Types become spaces, so that each line and column is where it was. Enums, namespaces, parameter
 * properties and casts in angle brackets need other code: a file that has any of them is compiled, and its lines are put back. What does it is
 * loaded only for an app that has types: it is WebAssembly of some megabytes.
 */

import { keepLines } from "./keep_lines.ts";
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

/** What it has written. */
interface Written {
  readonly code: string;
  readonly map?: string;
}

let transformSync: (typeof import("amaro"))["transformSync"] | undefined;

/** Loads what {@link stripTypes} needs. */
export async function loadStripper(): Promise<void> {
  transformSync ??= (await import("amaro")).transformSync;
}

/** Removes them, once the stripper is loaded. @throws {SourceError} */
export function stripTypes(path: string, text: string): string {
  const parser = { syntax: "typescript", tsx: WITH_JSX.test(path) };
  const kept = stripped(path, text, { mode: "strip-only", parser });
  if (!isRefusal(kept)) return kept.code;
  const transform = { verbatimModuleSyntax: false };
  const written = stripped(path, text, { mode: "transform", parser, transform, sourceMap: true });
  if (isRefusal(written)) throw sourceError(path, written);
  const { mappings } = JSON.parse(written.map ?? "{}");
  if (typeof mappings !== "string") return written.code;
  return keepLines(written.code, mappings, WITH_JSX.test(path));
}

/** The code, or what it has that this mode does not support. Its own type of options does not name all that it passes on. */
function stripped(path: string, text: string, options: object): Written | Refusal {
  if (transformSync === undefined) throw new TypeError(`no stripper is loaded for ${path}`);
  try {
    return transformSync(text, options as Parameters<typeof transformSync>[1]);
  } catch (error) {
    const refusal = refusalOf(path, error);
    if (refusal.code === "UnsupportedSyntax") return refusal;
    throw sourceError(path, refusal);
  }
}

function isRefusal(result: Written | Refusal): result is Refusal {
  return "message" in result;
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
