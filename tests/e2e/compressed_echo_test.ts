/** A short form of deflate_grid_test.ts, for every transport: npm `ws` with some offers, all kinds of payloads, short and long messages. */

import { assertEquals } from "@std/assert";
import { DeflateClient } from "../support/deflate_client.ts";
import { answerTo, echoCell, payloadKinds, SOME_SHAPES } from "../support/deflate_grid.ts";
import { withServer } from "../support/server.ts";

const OFFERS = [{}, { serverMaxWindowBits: 9, clientMaxWindowBits: 9 }, {
  clientNoContextTakeover: true,
  serverMaxWindowBits: 15,
}];

Deno.test("deflate: each kind of payload comes back in every length, whole and in fragments", () =>
  withServer({ workers: 1, args: ["--websocket-compression"] }, async (server) => {
    const kinds = payloadKinds();
    for (const offer of OFFERS) {
      const options = { ...offer, threshold: 0 };
      await using client = await DeflateClient.open(`${server.wsUrl}/echo`, options);
      assertEquals(client.answer, answerTo(offer));
      for (const kind of kinds) {
        for (const shape of SOME_SHAPES) await echoCell(client, kind, shape);
      }
    }
  }));
