/**
 * An error as lines of text, for the operator: its name and message, its stack, and what caused it.
 *
 * In: whatever was thrown, also by code of others, whose getters may throw in turn. Out: lines that are not escaped yet. Never throws.
 */

/** Lines of one error with its causes; a stack has ten by default. */
const MOST_LINES = 40;

/** What Deno advises in an error about permissions: flags of its own program, and not of this one. */
const ADVICE =
  /, (?:run again with the --allow-|specify the required permissions during compilation using `deno compile --allow-)(\w+)(?: flag|`)/g;

/** The same text with the option of this program. */
export function withOwnAdvice(text: string): string {
  return text.replaceAll(ADVICE, (_, right) => `; here: --app-allow ${right}=…`);
}

/** The lines; at least one. */
export function errorLines(error: unknown): string[] {
  const lines: string[] = [];
  for (let next = error, before = ""; lines.length < MOST_LINES; before = "caused by: ") {
    const [first = "", ...frames] = withOwnAdvice(textOf(next)).split("\n");
    lines.push(before + first, ...frames);
    const cause = causeOf(next);
    if (cause === undefined) break;
    next = cause;
  }
  return lines.slice(0, MOST_LINES);
}

function textOf(error: unknown): string {
  try {
    if (!(error instanceof Error)) return `thrown: ${String(error)}`;
    const { stack } = error;
    return typeof stack === "string" && stack !== "" ? stack : `${error.name}: ${error.message}`;
  } catch {
    return "an error that cannot be described"; // its own code failed: there is nothing to tell
  }
}

function causeOf(error: unknown): unknown {
  try {
    return error instanceof Error ? error.cause : undefined;
  } catch {
    return undefined; // as above
  }
}
