/**
 * The parts of a help text: a name on the left with its description on the right, and paragraphs.
 *
 * In: their texts. Out: lines of at most 100 columns; descriptions begin at one column in all entries, below a
 * name that is too long.
 */

/** The column at which descriptions begin, and the longest line. */
const WORDS_AT = 30;
const COLUMNS = 100;
const MARGIN = " ".repeat(WORDS_AT - 1);

/** A name and its description, wrapped. */
export function helpEntry(name: string, words: string): string[] {
  const start = `  ${name}`;
  // Two blanks at least before the description.
  const lines = start.length < WORDS_AT - 1 ? [start.padEnd(WORDS_AT - 1)] : [start, MARGIN];
  return wrapped(lines, MARGIN, words);
}

/** A paragraph, indented by two blanks. */
export function helpParagraph(words: string): string[] {
  return wrapped([" "], " ", words);
}

/** Continues the last line, and begins new ones with the margin. */
function wrapped(lines: string[], margin: string, words: string): string[] {
  for (const word of words.split(" ")) {
    const last = lines.at(-1)!; // there is always one
    if (last.length + 1 + word.length <= COLUMNS) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${margin} ${word}`);
  }
  return lines;
}

/** A flag or a command, and the placeholder of what follows it. */
export function named(name: string, value: string | undefined): string {
  return value === undefined || value === "" ? name : `${name} ${value}`;
}
