/**
 * Every file begins with its contract, every export has a JSDoc comment, and every folder has a mod.ts
 * with an example.
 *
 * A contract is a first sentence that says more than the file's name and that no other file has; and, in
 * a file that exports functions or classes, its input and output, marked "In:" and "Out:"
 * (or "In and out:", if another file describes them).
 */

import { assertEquals } from "@std/assert";
import {
  blank,
  filesBelow,
  headerOf,
  lineAt,
  programFiles,
  type SourceFile,
} from "./source_tree.ts";

const EXPORT =
  /^export (?:abstract |async |declare )*(?:function\*?|class|interface|type|enum|const|let) (?<name>[\w$]+)/gm;

/** Exports with behaviour: their file must describe input and output. */
const BEHAVIOUR = /^export (?:abstract |async )*(?:function\*?|class) /m;

/** Words of a first sentence that carry no information. */
const EMPTY_WORDS = new Set(
  "a an and as at by for from in is it its of on or that the this to with".split(" "),
);

/** The number of words that the first sentence needs besides those of the file's name. */
const LEAST_WORDS = 2;

/** A constant in one line: several may follow one comment, like the values of a C enum. */
const CONSTANT = /^export const [A-Z0-9_]+ = [^\n]+;$/;

/** Exports without a comment directly above. */
function undocumented({ path, text }: SourceFile): string[] {
  const code = blank(text, "comments and strings");
  return [...code.matchAll(EXPORT)].filter((match) => {
    return !isDocumented(text, match.index) && !isOverload(code, match);
  }).map((match) => `${path}:${lineAt(code, match.index)} ${match.groups!["name"]} has no JSDoc`);
}

/** Whether a JSDoc comment ends directly above; lint directives and a block of constants may be between. */
function isDocumented(text: string, offset: number): boolean {
  const [own, ...above] = text.slice(0, text.indexOf("\n", offset) >>> 0).split("\n").reverse();
  const first = above.findIndex((line) => {
    return !line.startsWith("//") && !(CONSTANT.test(own!) && CONSTANT.test(line));
  });
  return above[first]?.endsWith("*/") ?? false;
}

/** Whether an earlier overload of the same function, which has the JSDoc, is directly above. */
function isOverload(code: string, match: RegExpExecArray): boolean {
  const before = code.slice(0, match.index).trimEnd().split(/^export /m).at(-1)!;
  return before.startsWith(`function ${match.groups!["name"]}(`) && before.endsWith(";");
}

/** What the header of one file lacks. */
function contractFaults({ path, text }: SourceFile): string[] {
  const header = headerOf(text).replace(/```[^]*?```/g, "").replace(/\s+/g, " ");
  if (header === "") return [`${path} does not open with its contract`];
  return [
    ...(saysMoreThanName(path, firstSentence(header))
      ? []
      : [`${path} opens with a sentence that says no more than its name`]),
    ...(BEHAVIOUR.test(blank(text, "comments and strings")) && !saysInAndOut(header)
      ? [`${path} does not say what goes in and what comes out ("In: … Out: …")`]
      : []),
  ];
}

/** The text up to a full stop before a space and a capital, or all of it. */
function firstSentence(header: string): string {
  return /^.*?\.(?= |$)/.exec(header)?.[0] ?? header;
}

/** Whether there are enough words besides those of the file's name. */
function saysMoreThanName(path: string, sentence: string): boolean {
  const ofPath = new Set(path.split("/").at(-1)!.split(/[^a-z0-9]+/));
  const words = sentence.toLowerCase().match(/[a-z0-9]{2,}/g) ?? [];
  return words.filter((word) => !EMPTY_WORDS.has(word) && !ofPath.has(word)).length >= LEAST_WORDS;
}

/** Whether text follows each mark. */
function saysInAndOut(header: string): boolean {
  return (/\bIn: (?!Out\b)\S/.test(header) && /\bOut: \S/.test(header)) ||
    /\bIn and out: \S/.test(header);
}

/** First sentences that two files share. */
function sharedSentences(files: readonly SourceFile[]): string[] {
  const byText = Map.groupBy(
    files,
    ({ text }) => firstSentence(headerOf(text).replace(/\s+/g, " ")),
  );
  return [...byText.values()].filter(({ length }) => length > 1)
    .map((same) => `${same.map(({ path }) => path).join(" and ")} open with the same sentence`);
}

/** Folders with TypeScript but without a mod.ts, and mod.ts files without an example. */
function badDoors(files: readonly SourceFile[]): string[] {
  const folders = new Set(files.map(({ path }) => path.replace(/[^/]*$/, "")));
  folders.delete("");
  return [...folders].flatMap((folder) => {
    const door = files.find(({ path }) => path === `${folder}mod.ts`);
    if (door === undefined) return [`${folder} has no mod.ts`];
    return /```ts\n[^]+```/.test(headerOf(door.text)) ? [] : [`${door.path} has no example`];
  });
}

Deno.test("documentation: every file of the program begins with its contract", () => {
  const files = [...programFiles(), ...filesBelow("tests/support", ".ts")];
  const faults = files.flatMap(contractFaults);
  assertEquals([...faults, ...sharedSentences(files)], []);
});

Deno.test("documentation: an empty contract is found", () => {
  const faults = (header: string, path = "runtime/os/clock.ts", code = "export function a() {}") =>
    contractFaults({ path, text: `/** ${header} */\n${code}` }).length;
  const padding = "This sentence only makes the header longer than sixty characters.";
  assertEquals(
    faults("Milliseconds since the machine started. In: no argument. Out: a number."),
    0,
  );
  assertEquals(faults("Milliseconds since the machine started. In and out: as os.ts says."), 0);
  assertEquals(faults(`The clock. ${padding} In: no argument. Out: a number.`), 1);
  assertEquals(faults(`Milliseconds since the machine started. ${padding}`), 1);
  assertEquals(faults("Milliseconds since the machine started. In: Out: a number."), 1);
  assertEquals(faults(`The clock. ${padding}`), 2);
  assertEquals(faults("Milliseconds since the machine started.", "p.ts", "export const A = 1;"), 0);
  assertEquals(contractFaults({ path: "p.ts", text: "const a = 1;" }).length, 1);
  const twins = ["a.ts", "b.ts"].map((path) => ({ path, text: "/** One sentence for both. */" }));
  assertEquals(sharedSentences(twins).length, 1);
});

Deno.test("documentation: every export has its JSDoc", () => {
  assertEquals(
    [...programFiles(), ...filesBelow("tests/support", ".ts")].flatMap(undocumented),
    [],
  );
});

Deno.test("documentation: every folder has a mod.ts with an example", () => {
  assertEquals(badDoors(programFiles()), []);
});

Deno.test("documentation: missing comments are found, existing ones are not", () => {
  const found = (text: string) => undocumented({ path: "p", text }).length;
  assertEquals(found("export const A = 1;"), 1);
  assertEquals(found("/** A. */\n\nexport const A = 1;"), 1);
  assertEquals(found("/** A. */\nexport const A = 1;"), 0);
  assertEquals(found("/** A. */\n// deno-lint-ignore x -- y\nexport class A {}"), 0);
  assertEquals(found("/** A. */\nexport function a(x: 1): 1;\nexport function a(x: 2): 2;"), 0);
  assertEquals(found("/** A. */\nexport function a(x: 1): 1;\nexport function b(x: 2): 2;"), 1);
  assertEquals(found("/** The two. */\nexport const A = 1;\nexport const B = 2;"), 0);
  assertEquals(found("/** One. */\nexport const A = 1;\n\nexport const B = 2;"), 1);
  assertEquals(found("/** One. */\nexport const A = 1;\nexport class B {}"), 1);
  assertEquals(found("export const A = 1;\nexport const B = 2;"), 2);
  assertEquals(found('export { a } from "./a.ts";'), 0);
  const door = { path: "a/mod.ts", text: "/**\n * A.\n * ```ts\n * a();\n * ```\n */" };
  assertEquals(badDoors([door, { path: "a/b.ts", text: "" }]), []);
  assertEquals(badDoors([door, { path: "a/b/c.ts", text: "" }]).length, 1);
  assertEquals(badDoors([{ path: "a/mod.ts", text: "/** A. */" }]).length, 1);
});
