/** HalfSipHash against the vectors of its reference implementation, and what the key changes. */
import { assert, assertEquals } from "@std/assert";
import { KeyedHash } from "../../../runtime/channels/keyed_hash.ts";

/** `vectors_hsip32` for inputs of 4 to 15 bytes 00 01 02 …, with key 00 … 07, as hexadecimal bytes. */
const VECTORS = [
  "2a6e4689",
  "c5fab669",
  "5863fc23",
  "8bcf63c5",
  "d0b8848f",
  "f806e779",
  "94b07934",
  "08083050",
  "57f0872f",
  "77e663ff",
  "d6fff87c",
  "74fe2b97",
];

Deno.test("keyed hash: the published vectors of HalfSipHash-2-4", () => {
  const hash = new KeyedHash([0x03020100, 0x07060504], [2, 4]);
  const found = VECTORS.map((_, i) => {
    const bytes = Uint8Array.from({ length: i }, (_, at) => at + 4);
    const word = new DataView(new ArrayBuffer(4));
    word.setUint32(0, hash.hash(0x03020100, bytes), true);
    return word.getUint32(0).toString(16).padStart(8, "0");
  });
  assertEquals(found, VECTORS);
});

Deno.test("keyed hash: another key puts the same names into other buckets", () => {
  const encoder = new TextEncoder();
  const names = Array.from({ length: 4096 }, (_, i) => encoder.encode(`channel-${i}`));
  const [one, two] = [new KeyedHash([1, 2]), new KeyedHash([1, 3])];
  const first = names.filter((name) => (one.hash(1, name) & 63) === 0);
  assert(first.length > 32 && first.length < 128, `${first.length} of 4096 in one of 64 buckets`);
  const same = first.filter((name) => (two.hash(1, name) & 63) === 0);
  assert(same.length < 10, `${same.length} of ${first.length} together again`);
});
