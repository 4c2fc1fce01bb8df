/** Questions to several servers, whose answers come in parts. */

import { assertEquals } from "@std/assert";
import { answerParts, Surveys } from "../../../../runtime/serve/engine/surveys.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Parts as they arrive: server, index, count, text. */
type Arrival = readonly [uid: string, index: number, count: number, text: string];

Deno.test("surveys: whole answers alone count, each once, and only of servers that were asked", async () => {
  const rows: [name: string, arrivals: Arrival[], answers: string[]][] = [
    ["one part each", [["b", 0, 1, "2"], ["a", 0, 1, "1"]], ["b 2", "a 1"]],
    ["parts between parts", [["a", 0, 2, "x"], ["b", 0, 1, "2"], ["a", 1, 2, "y"]], [
      "b 2",
      "a xy",
    ]],
    ["a part is missing", [["a", 1, 2, "y"], ["b", 0, 1, "2"]], ["b 2"]],
    ["a part comes twice", [["a", 0, 2, "x"], ["a", 0, 2, "x"], ["a", 1, 2, "y"]], ["a xy"]],
    ["an answer comes twice", [["a", 0, 1, "1"], ["a", 0, 1, "9"]], ["a 1"]],
    ["nobody asked it", [["c", 0, 1, "3"], ["a", 0, 1, "1"]], ["a 1"]],
    ["too many parts, or no number", [["a", 0, 65, "1"], ["b", NaN, NaN, "1"]], []],
  ];
  for (const [name, arrivals, expected] of rows) {
    const surveys = new Surveys();
    const { id, result } = surveys.open(["a", "b"])!;
    surveys.add("another", "a", { index: 0, count: 1, bytes: bytes("of another question") });
    for (const [uid, index, count, text] of arrivals) {
      surveys.add(id, uid, { index, count, bytes: bytes(text) });
    }
    surveys.close();
    const { answers, missing } = await result;
    const texts = [...answers].map(([uid, answer]) => `${uid} ${new TextDecoder().decode(answer)}`);
    assertEquals(texts, expected, name);
    assertEquals(missing.length, 2 - expected.length, name);
  }
});

Deno.test("surveys: an answer has as many parts as it needs, one at least, up to 8 MiB", () => {
  const part = 128 * 1024;
  const rows: [bytes: number, parts: number | undefined][] = [
    [0, 1],
    [1, 1],
    [part, 1],
    [part + 1, 2],
    [64 * part, 64],
    [64 * part + 1, undefined],
  ];
  for (const [length, expected] of rows) {
    assertEquals(answerParts(new Uint8Array(length))?.length, expected, `${length} bytes`);
  }
});
