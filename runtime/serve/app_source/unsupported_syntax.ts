/**
 * Finds the few constructs of TypeScript that are not supported, before they become something else silently.
 *
 * In: a file's text. Out: the line and a reason, or undefined. It reads lines, not the grammar: a construct inside of a comment or a string
 * that begins a line is taken for one.
 */

/** What is not supported, and where. */
export interface UnsupportedSyntax {
  readonly line: number;
  readonly reason: string;
}

const DECORATOR = /^\s*@[\w.]+(?:\(.*\))?\s*(?:export\b|default\b|abstract\b|class\b|$)/;

/** The first of them. @param isTyped whether the file is TypeScript */
export function unsupportedSyntax(text: string, isTyped: boolean): UnsupportedSyntax | undefined {
  if (!isTyped) return undefined;
  const lines = withoutComments(text).split("\n");
  for (const [i, line] of lines.entries()) {
    if (DECORATOR.test(line) && isBeforeClass(lines.slice(i))) {
      return {
        line: i + 1,
        reason: "decorators are not supported: bundle the app with a tool that compiles them",
      };
    }
  }
  return undefined;
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[^]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, " "));
}

function isBeforeClass(lines: readonly string[]): boolean {
  const next = lines.find((line) => !DECORATOR.test(line) || /\bclass\b/.test(line));
  return next !== undefined && /\bclass\b/.test(next);
}
