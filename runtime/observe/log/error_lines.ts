/**
 * An error as lines of text, for the operator: its name and message, the calls of the app's own files, and what caused it.
 *
 * In: whatever was thrown, also by code of others, whose getters may throw in turn; the files of the app, as it runs them. Out: lines
 * that are not escaped yet. Calls of the server's modules, of Deno's and of V8's are left out: they say nothing about the app, and would
 * push its own lines away. Never throws.
 */

/** Lines of one error with its causes; a stack has ten by default. */
const MOST_LINES = 40;

/** What Deno advises in an error about permissions: flags of its own program, and not of this one. */
const ADVICE =
  /, (?:run again with the --allow-|specify the required permissions during compilation using `deno compile --allow-)(\w+)(?: flag|`)/g;

/** Its own code failed: there is nothing to tell. */
const INDESCRIBABLE = "an error that cannot be described";

/** A call in V8's stack: one with a place, or one that has none. */
const CALL = /^\s+at .*(?::\d+:\d+\)?|\((?:<anonymous>|native|index \d+)\)|<anonymous>)$/;
const CALL_IN_FILE = /^\s+at (?:(.*) \()?(file:\/\/.+):(\d+):\d+\)?$/;

/** The paths of the files that this thread has run as the app, of all its copies, by the URLs that stacks name. */
const appFiles = new Map<string, string>();

/** From now on the calls of this file are the app's. */
export function noteAppFile(url: string, path: string): void {
  appFiles.set(url, path);
  appFiles.set(`file://${path}`, path); // so Deno writes it in stacks: blanks and other letters are not encoded
}

/** Where the app's code has failed, as `/srv/app.ts:3`: its first call in the stack. Never throws. */
export function appPlace(error: unknown): string | undefined {
  for (const line of stackOf(error).split("\n")) {
    const [, , url = "", number] = CALL_IN_FILE.exec(line) ?? [];
    const path = appFiles.get(url);
    if (path !== undefined) return `${path}:${number}`;
  }
  return undefined;
}

/** The same text with the option of this program. */
export function withOwnAdvice(text: string): string {
  return text.replaceAll(ADVICE, (_, right) => `; here: --app-allow ${right}=…`);
}

/** The lines; at least one. Calls are `at fetch (/srv/app.ts:3)`: the columns are not those of the file. */
export function errorLines(error: unknown): string[] {
  const lines: string[] = [];
  for (let next = error, before = ""; lines.length < MOST_LINES; before = "caused by: ") {
    const [first = "", ...others] = withOwnAdvice(textOf(next)).split("\n");
    lines.push(before + first);
    for (const line of others) {
      const shown = CALL.test(line) ? appCall(line) : line;
      if (shown !== undefined) lines.push(shown);
    }
    const cause = causeOf(next);
    if (cause === undefined) break;
    next = cause;
  }
  return lines.slice(0, MOST_LINES);
}

/** A call of the app's, with the path of its file; undefined if it is one of others. */
function appCall(line: string): string | undefined {
  const [, name, url = "", number] = CALL_IN_FILE.exec(line) ?? [];
  const path = appFiles.get(url);
  if (path === undefined) return undefined;
  return name === undefined ? `    at ${path}:${number}` : `    at ${name} (${path}:${number})`;
}

/** Its name and message, or whatever else was thrown, in one text. Never throws. */
export function errorText(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    return INDESCRIBABLE;
  }
}

/** V8's stack, or an empty text. Never throws. */
function stackOf(error: unknown): string {
  try {
    const stack = error instanceof Error ? error.stack : undefined;
    return typeof stack === "string" ? stack : "";
  } catch {
    return "";
  }
}

function textOf(error: unknown): string {
  const text = stackOf(error) || errorText(error);
  const isThrown = text !== INDESCRIBABLE && !(error instanceof Error);
  return isThrown ? `thrown: ${text}` : text;
}

function causeOf(error: unknown): unknown {
  try {
    return error instanceof Error ? error.cause : undefined;
  } catch {
    return undefined; // as above
  }
}
