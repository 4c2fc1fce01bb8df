/**
 * Finds decorators, which V8 does not know, before it says that a character is unexpected.
 *
 * In: the text of a TypeScript file. Out: a line, or undefined. It reads lines, not the grammar: what begins a line within a string is
 * taken for a decorator.
 */

const DECORATOR = /^\s*@[\w.]+(?:\(.*\))?\s*(?:export\b|default\b|abstract\b|class\b|$)/;

/** The line of the first decorator of a class. */
export function decoratorLine(text: string): number | undefined {
  const lines = withoutComments(text).split("\n");
  const index = lines.findIndex((line, i) => DECORATOR.test(line) && isBeforeClass(lines.slice(i)));
  return index < 0 ? undefined : index + 1;
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[^]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, " "));
}

function isBeforeClass(lines: readonly string[]): boolean {
  const next = lines.find((line) => !DECORATOR.test(line) || /\bclass\b/.test(line));
  return next !== undefined && /\bclass\b/.test(next);
}
