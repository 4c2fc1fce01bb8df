/**
 * Any bytes in any splits give an event, NEED_DATA or a ProtocolError; never another exception, never
 * unbounded memory. The transcript does not depend on the splits.
 *
 * Inputs are requests of the fixture tables, mutated and joined, and random bytes. The input decides where
 * it is split: its own bytes are the lengths of the pieces. `FUZZ_RUNS` is the number of inputs,
 * `FUZZ_SEED` the first seed; a failure names the seed that reproduces it.
 */
import { assertEquals } from "@std/assert";
import { HeadCache, type RequestHead } from "../../protocol/http1/mod.ts";
import { HTTP1_LIMITS } from "../../protocol/limits.ts";
import acceptedRows from "../../fixtures/http1/requests_accepted.json" with { type: "json" };
import refusedRows from "../../fixtures/http1/requests_refused.json" with { type: "json" };
import streamRows from "../../fixtures/http1/streams.json" with { type: "json" };
import { Dialogue } from "../protocol/http1/dialogue.ts";
import { bytesOf, type InputText, piecesOf, textOf } from "../support/protocol_cases.ts";
import { Random } from "../support/random.ts";

const RUNS = Number(Deno.env.get("FUZZ_RUNS") ?? 10_000);
const FIRST_SEED = Number(Deno.env.get("FUZZ_SEED") ?? 1);

// Small, so that limits are reached, but large enough to reach everything else.
const LIMITS = {
  requestLineBytes: 200,
  headBytes: 600,
  fieldCount: 12,
  bodyBytes: 300,
  chunkLineBytes: 40,
};

// Longer inputs of the tables test limits, which are smaller here.
const CORPUS = [...acceptedRows, ...refusedRows, ...streamRows]
  .map((row) => bytesOf(row.input as InputText))
  .filter((bytes) => bytes.length < 800);

// Bytes with a meaning to the parsers.
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
        // Repeat a part of the input.
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

/** The offsets to split at: the input's own bytes are the lengths of the pieces. */
function ownCuts(bytes: Uint8Array, shift: number): number[] {
  const cuts: number[] = [];
  let at = 0;
  for (let i = 0; at < bytes.length && bytes.length > 0; i++) {
    at += 1 + (bytes[(i * 7 + shift) % bytes.length]! >> (shift % 6));
    if (at < bytes.length) cuts.push(at);
  }
  return cuts;
}

function tell(bytes: Uint8Array, cuts: readonly number[], heads?: HeadCache): Dialogue {
  const dialogue = new Dialogue({ limits: LIMITS, ...(heads === undefined ? {} : { heads }) });
  for (const piece of piecesOf(bytes, cuts)) {
    dialogue.feed(piece);
    assertEquals(
      dialogue.connection.buffered <= LIMITS.headBytes,
      true,
      "more bytes are kept than a head may have",
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

Deno.test(`fuzz: ${RUNS} inputs give the same transcript in one piece and in many`, () => {
  const endings = new Map<string, number>();
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    try {
      const ending = fuzzOne(seed);
      endings.set(ending, (endings.get(ending) ?? 0) + 1);
    } catch (error) {
      throw new Error(`Failed at FUZZ_SEED=${seed}`, { cause: error });
    }
  }
  // A fuzzer that finds only a few kinds of errors tests too little.
  if (RUNS >= 10_000) assertEquals(endings.size > 25, true, [...endings.keys()].join(", "));
});

/** All that a session or a handler can see of a head. */
function seen(head: RequestHead): unknown[] {
  const { method, target, path, query, authority, minorVersion, contentLength, chunked } = head;
  const { keepAlive, expectContinue, upgrade, marks } = head;
  const parts = [method, target, path, query, authority, minorVersion, contentLength, chunked];
  return [...parts, keepAlive, expectContinue, upgrade, marks, head.host(), ...head.fields];
}

/** Counts the heads that were found. */
class CountingCache extends HeadCache {
  found = 0;

  override find(...args: Parameters<HeadCache["find"]>): number {
    const length = super.find(...args);
    if (length > 0) this.found++;
    return length;
  }
}

/** Requests of which many are repeated, or are nearly the same as the one before. */
function makeRepetitive(random: Random): Uint8Array {
  const requests = Array.from({ length: 1 + random.below(3) }, () => {
    const request = CORPUS[random.below(CORPUS.length)]!;
    return textOf(random.below(3) === 0 ? mutate(request, random) : request);
  });
  let text = "";
  for (let count = 2 + random.below(8); count > 0; count--) {
    const request = requests[random.below(requests.length)]!;
    text += random.below(8) === 0 ? textOf(mutate(bytesOf(request), random)) : request;
  }
  return bytesOf(text);
}

Deno.test(`fuzz: ${RUNS} inputs give the same heads, parsed or compared with those before`, () => {
  // One cache for all connections, as in a worker.
  const heads = new CountingCache();
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const random = new Random(seed);
    const bytes = makeRepetitive(random);
    const cuts = random.below(2) === 0 ? [] : ownCuts(bytes, random.below(12));
    const [parsed, compared] = [tell(bytes, cuts), tell(bytes, cuts, heads)];
    for (const dialogue of [parsed, compared]) dialogue.end();
    const message = `FUZZ_SEED=${seed}`;
    assertEquals(compared.close(), parsed.close(), message);
    assertEquals(compared.heads.map(seen), parsed.heads.map(seen), message);
    assertEquals(textOf(compared.out.view()), textOf(parsed.out.view()), message);
  }
  assertEquals(heads.found > RUNS / 10, true, `only ${heads.found} heads were found`);
});

Deno.test("fuzz: random bytes after a head keep no memory, with the default limits", () => {
  const random = new Random(FIRST_SEED);
  for (let i = 0; i < 200; i++) {
    const dialogue = new Dialogue();
    dialogue.feed(bytesOf("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (let piece = 0; piece < 20; piece++) dialogue.feed(random.bytes(random.below(3000)));
    assertEquals(dialogue.connection.buffered <= HTTP1_LIMITS.headBytes, true);
  }
});
