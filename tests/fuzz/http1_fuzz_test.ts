/**
 * Any bytes, any splits: an event, NEED_DATA or a ProtocolError; never another exception, never
 * unbounded memory, and the same story however the bytes arrive.
 *
 * Inputs are requests of the fixture tables, mutated and joined, and plain random bytes. The input
 * decides where it is split: its own bytes are the lengths of its pieces. `FUZZ_RUNS` sets how many
 * there are, `FUZZ_SEED` where they begin; a failure names the seed that repeats it.
 */
import { assertEquals } from "@std/assert";
import { HTTP1_LIMITS } from "../../protocol/limits.ts";
import acceptedRows from "../../fixtures/http1/requests_accepted.json" with { type: "json" };
import refusedRows from "../../fixtures/http1/requests_refused.json" with { type: "json" };
import streamRows from "../../fixtures/http1/streams.json" with { type: "json" };
import { Dialogue } from "../protocol/http1/dialogue.ts";
import { bytesOf, type InputText, piecesOf, textOf } from "../support/protocol_cases.ts";
import { Random } from "../support/random.ts";

const RUNS = Number(Deno.env.get("FUZZ_RUNS") ?? 10_000);
const FIRST_SEED = Number(Deno.env.get("FUZZ_SEED") ?? 1);

// Small, so that limits are met; none so small that nothing else is.
const LIMITS = {
  requestLineBytes: 200,
  headBytes: 600,
  fieldCount: 12,
  bodyBytes: 300,
  chunkLineBytes: 40,
};

// Longer inputs of the tables are about limits, which are smaller here.
const CORPUS = [...acceptedRows, ...refusedRows, ...streamRows]
  .map((row) => bytesOf(row.input as InputText))
  .filter((bytes) => bytes.length < 800);

// Bytes that parsers take for something.
const DELICATE = bytesOf('\r\n\r\n :;,\t\0\x7f\x80\xff/?*#09aAfFgG="%HTTP/1.1');

function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const out = [...bytes];
  for (let count = random.below(5); count > 0; count--) {
    const at = random.below(out.length + 1);
    const delicate = DELICATE[random.below(DELICATE.length)]!;
    switch (random.below(6)) {
      case 0:
        out.splice(at, 1);
        break;
      case 1:
        out.splice(at, 0, delicate);
        break;
      case 2:
        if (at < out.length) out[at] = delicate;
        break;
      case 3:
        if (at < out.length) out[at] = random.below(256);
        break;
      case 4:
        // Something that was there already, once more.
        out.splice(at, 0, ...out.slice(at, at + random.below(40)));
        break;
      default:
        out.length = at;
    }
  }
  return Uint8Array.from(out);
}

function makeInput(random: Random): Uint8Array {
  if (random.below(10) === 0) return random.bytes(random.below(200));
  let text = "";
  for (let count = 1 + random.below(3); count > 0; count--) {
    text += textOf(mutate(CORPUS[random.below(CORPUS.length)]!, random));
  }
  return bytesOf(text);
}

/** Where the input is split: each piece is as long as one of the input's bytes says. */
function ownCuts(bytes: Uint8Array, shift: number): number[] {
  const cuts: number[] = [];
  let at = 0;
  for (let i = 0; at < bytes.length && bytes.length > 0; i++) {
    at += 1 + (bytes[(i * 7 + shift) % bytes.length]! >> (shift % 6));
    if (at < bytes.length) cuts.push(at);
  }
  return cuts;
}

function tell(bytes: Uint8Array, cuts: readonly number[]): Dialogue {
  const dialogue = new Dialogue({ limits: LIMITS });
  for (const piece of piecesOf(bytes, cuts)) {
    dialogue.feed(piece);
    assertEquals(
      dialogue.connection.buffered <= LIMITS.headBytes,
      true,
      "more is held than a head may have",
    );
  }
  return dialogue;
}

function fuzzOne(seed: number): string {
  const random = new Random(seed);
  const bytes = makeInput(random);
  const whole = tell(bytes, []);
  const pieces = tell(bytes, ownCuts(bytes, random.below(12)));
  whole.end();
  pieces.end();
  assertEquals(pieces.close(), whole.close());
  assertEquals(pieces.heads.map((head) => [...head.fields]), whole.heads.map((h) => [...h.fields]));
  assertEquals(textOf(pieces.out.view()), textOf(whole.out.view()));
  return whole.close().at(-1) ?? "";
}

Deno.test(`fuzz: ${RUNS} inputs tell the same story in one piece and in many`, () => {
  const endings = new Map<string, number>();
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    try {
      const ending = fuzzOne(seed);
      endings.set(ending, (endings.get(ending) ?? 0) + 1);
    } catch (error) {
      throw new Error(`Failed at FUZZ_SEED=${seed}`, { cause: error });
    }
  }
  // A fuzzer that meets one kind of fault only is not looking.
  if (RUNS >= 10_000) assertEquals(endings.size > 25, true, [...endings.keys()].join(", "));
});

Deno.test("fuzz: random bytes behind a head with the default limits hold no memory", () => {
  const random = new Random(FIRST_SEED);
  for (let i = 0; i < 200; i++) {
    const dialogue = new Dialogue();
    dialogue.feed(bytesOf("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (let piece = 0; piece < 20; piece++) dialogue.feed(random.bytes(random.below(3000)));
    assertEquals(dialogue.connection.buffered <= HTTP1_LIMITS.headBytes, true);
  }
});
