/**
 * A block of code of the documentation, to run it as a reader does who copies it.
 *
 * In: a page, the heading above the block, its language, and words of it if there are several. Out: its text, without the
 * indentation that it has inside of a list. Throws if there is none.
 */

import { REPOSITORY } from "./server.ts";

/** Where a block is. */
export interface DocsBlock {
  /** As `docs/channels.md`. */
  readonly page: string;
  /** Without the hash signs. */
  readonly heading: string;
  readonly language: string;
  /** Words that only this block of the section has. */
  readonly containing?: string;
}

/** The first such block. */
export function docsBlock({ page, heading, language, containing = "" }: DocsBlock): string {
  const text = Deno.readTextFileSync(new URL(page, REPOSITORY));
  const [, section = ""] = text.split(new RegExp(`^#+ ${heading}$`, "m"));
  const fence = new RegExp(`^( *)\`\`\`${language}\\n([^]*?)^ *\`\`\`$`, "gm");
  const blocks = [...section.matchAll(fence)].map(([, indentation = "", code = ""]) =>
    code.replaceAll(new RegExp(`^${indentation}`, "gm"), "")
  );
  const found = blocks.find((code) => code.includes(containing));
  if (found === undefined) throw new Error(`${page}, ${heading}: no block in ${language}`);
  return found;
}
