/**
 * Files of TypeScript that have to be compiled, for an enum or a parameter property: each piece stays on its line, and means the same.
 *
 * In the samples `Ln` is on line n.
 */

import { assert, assertEquals } from "@std/assert";
import { loadStripper, stripTypes } from "../../../../runtime/serve/app_source/strip_types.ts";

await loadStripper();

const SAMPLES: Readonly<Record<string, string>> = {
  "enum": `
enum Color {
  Red = "red",

  // A comment.
  Blue = "blue", // another one
}

throw "L9";
`,
  "const enum": `
const enum Size { Small, Large }
const size = [Size.Small, "L3"];
`,
  "namespace": `
namespace Outer {
  export const a = "L3";
  export namespace Inner {
    export function f() {

      return "L7";
    }
  }
}
"L11";
`,
  "parameter properties behind methods and fields": `
class P {
  #own = 3; // is set in the constructor

  before() {
    return "L6";
  }

  constructor(
    readonly name: string,
    private age = "L11",
  ) {
    this.before("L13");
  }

  after() {
    return "L17";
  }
}
"L20";
`,
  "casts": `
const a = <string> f("L2");

const b = <{
  a: string;
}> g(
  "L7",
);
type T = {

  a: string;
};
"L13";
`,
  "expressions over several lines": `
enum E { A }
const list = [
  "L4",
  () => {
    return "L6";
  },
  {
    a: "L9",

    b: "L11",
  },
];
const chain = f()
  .then((a) => {
    return "L16";
  })
  .catch(
    () => "L19",
  );
const choice = a
  ? "L22"
  : b &&
    "L24";
const long = \`
  L26 \${a} \${f("L26")} b

  // no comment \${"L28"}
   L29\`;
const last = (
  "L31"
);
`,
  "comments": `
enum E { A }
/** A comment
 * over lines. */
// http://a.example/
const a = "L6"; // six
/* one */ const b = "L7"; /* two
 */ const c = "L8";
interface I {
  // nothing of it is left
  a: string;
}
"L13";
`,
};

const WITH_JSX = `
enum E { A }
const page = (
  <main class="a"
    id={"L5"}>
    text of { "L6" }   more
    // no comment

    <b>{"L9"}</b> end
  </main>
);
const template = \`
   a\`;
"L14";
`;

/** The pieces \`Ln\` of a text, each with the line that it is on. */
function piecesOf(code: string): string[] {
  return code.split("\n").flatMap((line, i) =>
    (line.match(/\bL\d+/g) ?? []).map((piece) => `${piece} on ${i + 1}`)
  );
}

function areInPlace(path: string, text: string): string {
  const code = stripTypes(path, text);
  const wanted = piecesOf(text);
  for (const piece of wanted) assert(/^L(\d+) on \1$/.test(piece), piece);
  assertEquals(piecesOf(code).sort(), wanted.sort(), code);
  return code;
}

for (const [name, text] of Object.entries(SAMPLES)) {
  Deno.test(`types: each piece stays on its line: ${name}`, () => {
    const code = areInPlace("a.ts", text);
    new Function(`return async()=>{${code}\n}`); // it can be compiled
  });
}

Deno.test("types: each piece stays on its line, in templates and JSX with its white space", () => {
  const code = areInPlace("a.tsx", WITH_JSX);
  for (const kept of ['text of { "L6" }   more\n    // no comment\n\n    <b>', "`\n   a`"]) {
    assert(code.replaceAll('{"L6"}', '{ "L6" }').includes(kept), code);
  }
});

Deno.test("types: long files with everything keep their lines", () => {
  const parts = Object.values(SAMPLES);
  let text = "";
  let line = 0;
  for (let round = 0; round < 20; round++) {
    for (const part of parts) {
      const renamed = part.replaceAll(
        /\b(E|P|Color|Size|Outer|size|list|chain|choice|long|T|I|a|b|c)\b(?= ?[={;]| [{])/g,
        `$1_${line}`,
      );
      text += renamed.replaceAll(/L(\d+)/g, (_, number) => `L${Number(number) + line}`);
      line += part.split("\n").length - 1;
    }
  }
  areInPlace("a.ts", text);
});
