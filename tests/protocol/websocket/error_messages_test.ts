/** The texts of errors, which the log shows. The tables of frame_cases_test.ts compare their codes. */

import { assertThrows } from "@std/assert";
import { ProtocolError } from "../../../protocol/errors.ts";
import { WEBSOCKET_LIMITS } from "../../../protocol/limits.ts";
import {
  FrameReaderPool,
  MessageBufferPool,
  WebSocketConnection,
} from "../../../protocol/websocket/mod.ts";

Deno.test("the error of a message that is too long names the limit, whatever length is declared", () => {
  for (const length of [WEBSOCKET_LIMITS.messageBytes + 1, 2 ** 62]) {
    const pool = new FrameReaderPool("server", WEBSOCKET_LIMITS, new MessageBufferPool());
    const server = new WebSocketConnection(pool);
    const header = new Uint8Array(14);
    header.set([0x82, 0xff]);
    new DataView(header.buffer).setBigUint64(2, BigInt(length));
    server.receive(header, 0, header.length);
    assertThrows(() => server.next(), ProtocolError, "A message has more than 16777216 bytes");
  }
});
