import { assertEquals, assertThrows } from "@std/assert";
import { NEED_DATA, ProtocolError } from "../../../protocol/mod.ts";
import { readProxyHeader } from "../../../protocol/proxy_protocol/mod.ts";

const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";
const V4 = "\xc0\x00\x02\x01\x0a\x00\x00\x01\x12\x67\x00\x50";
const V6 = `\x20\x01\x0d\xb8${"\0".repeat(11)}\x01${"\0".repeat(16)}\x12\x67\x00\x50`;

/** Valid headers, and the address and the port in each. */
const RIGHT: readonly (readonly [header: string, address: string, port: number])[] = [
  ["PROXY TCP4 192.0.2.1 10.0.0.1 4711 80\r\n", "192.0.2.1", 4711],
  ["PROXY TCP6 2001:db8::1 ::1 65535 0\r\n", "2001:db8::1", 65_535],
  ["PROXY UNKNOWN\r\n", "", 0],
  ["PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", "", 0],
  [`${SIGNATURE}\x21\x11\0\x0c${V4}`, "192.0.2.1", 4711],
  [`${SIGNATURE}\x21\x21\0\x24${V6}`, "2001:db8::1", 4711],
  [`${SIGNATURE}\x21\x12\0\x0c${V4}`, "192.0.2.1", 4711],
  [`${SIGNATURE}\x21\x11\0\x0f${V4}\x04\0\0`, "192.0.2.1", 4711],
  [`${SIGNATURE}\x20\x00\0\0`, "", 0],
  [`${SIGNATURE}\x20\x11\0\x0c${V4}`, "", 0],
  [`${SIGNATURE}\x21\x00\0\x02ab`, "", 0],
  [`${SIGNATURE}\x21\x31\0\x00`, "", 0],
];

const WRONG: readonly string[] = [
  "GET / HTTP/1.1\r\n",
  "PROXY\r\n",
  "PROXY TCP4\r\n",
  "PROXX TCP4",
  "POST / HTTP/1.1",
  "PROXY TCP4 192.0.2.1 10.0.0.1 4711 80\n",
  "PROXY TCP4 192.0.2.1 10.0.0.1 4711 65536\r\n",
  "PROXY TCP4 192.0.2.1  10.0.0.1 4711 80\r\n",
  "PROXY TCP4 ::1 ::1 4711 80\r\n",
  "PROXY TCP6 192.0.2.1 10.0.0.1 4711 80\r\n",
  "PROXY TCP4 192.0.2.256 10.0.0.1 4711 80\r\n",
  "PROXY TCP5 192.0.2.1 10.0.0.1 4711 80\r\n",
  `PROXY UNKNOWN ${"a".repeat(107)}`,
  "\r\nGET / HTTP/1.1",
  `${SIGNATURE.slice(0, 11)}\r`,
  `${SIGNATURE}\x11\x11\0\x0c${V4}`,
  `${SIGNATURE}\x22\x11\0\x0c${V4}`,
  `${SIGNATURE}\x21\x11\0\x0b${V4}`,
  `${SIGNATURE}\x21\x11\xff\xff`,
];

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

Deno.test("proxy header: whole, every prefix, and followed by the client's bytes", () => {
  for (const [text, address, port] of RIGHT) {
    const header = bytesOf(text);
    const expected = { address, port, length: header.length };
    assertEquals(readProxyHeader(header, header.length), expected, JSON.stringify(text));
    const behind = bytesOf(`${text}GET / HTTP/1.1\r\n\r\n`);
    assertEquals(readProxyHeader(behind, behind.length), expected);
    for (let end = 0; end < header.length; end++) {
      assertEquals(readProxyHeader(header, end), NEED_DATA, `${end} of ${JSON.stringify(text)}`);
    }
  }
});

Deno.test("proxy header: an invalid header is refused, at the latest when it is complete", () => {
  for (const text of WRONG) {
    const bytes = bytesOf(text);
    assertThrows(
      () => readProxyHeader(bytes, bytes.length),
      ProtocolError,
      "",
      JSON.stringify(text),
    );
  }
});
