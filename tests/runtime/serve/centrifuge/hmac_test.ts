/** HMAC-SHA-256 by the test cases of RFC 4231 whose texts are ASCII. */
import { assertEquals } from "@std/assert";
import { hmacSha256 } from "../../../../runtime/serve/centrifuge/hmac.ts";

const UTF8 = new TextEncoder();
const ROWS: [key: Uint8Array, text: string, code: string][] = [
  [
    new Uint8Array(20).fill(0x0b),
    "Hi There",
    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
  ],
  [
    UTF8.encode("Jefe"),
    "what do ya want for nothing?",
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  ],
  [
    new Uint8Array(131).fill(0xaa),
    "Test Using Larger Than Block-Size Key - Hash Key First",
    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
  ],
];

for (const [key, text, code] of ROWS) {
  Deno.test(`hmac: a key of ${key.length} bytes, "${text}"`, () => {
    assertEquals(hmacSha256(key, text).toString("hex"), code);
  });
}
