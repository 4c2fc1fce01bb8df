/**
 * permessage-deflate as sections 12 and 13 of the Autobahn test suite test it, with clients of two libraries, npm `ws` and Python's
 * `websockets`: every legal offer, and several at once; text, JSON, characters of each length and noise, of 16 B to 128 KiB, whole and in
 * fragments, each a part of one compressed stream. Every echo is what was sent, to the byte.
 */

import { assertEquals } from "@std/assert";
import { encodeBase64 } from "@std/encoding/base64";
import { DeflateClient, type DeflateOptions } from "../support/deflate_client.ts";
import {
  answerTo,
  echoCell,
  OFFERS,
  payloadKinds,
  shapesOf,
  shapesOfFewFrames,
  SOME_SHAPES,
} from "../support/deflate_grid.ts";
import { expectProgram } from "../support/program.ts";
import { pythonWith } from "../support/python.ts";
import { type Server, withServer } from "../support/server.ts";

const KINDS = payloadKinds();
const KIBIBYTE = 1024;
const SERVER = { workers: 2, args: ["--websocket-compression"] };

Deno.test("deflate grid: ws, with every legal offer", (t) =>
  withServer(SERVER, async (server) => {
    const shapes = shapesOfFewFrames(16 * KIBIBYTE, 3);
    for (const offer of [...OFFERS, false] as const) {
      await t.step(JSON.stringify(offer), async () => {
        await using client = await open(server, offer);
        for (const kind of KINDS) for (const shape of shapes) await echoCell(client, kind, shape);
      });
    }
  }));

Deno.test("deflate grid: ws, in many frames, and up to 1,000 messages of each length in a row", () =>
  withServer(SERVER, async (server) => {
    await using client = await open(server, { clientMaxWindowBits: true });
    for (const kind of KINDS) {
      const bytes = kind.name === "JSON" ? 2048 * KIBIBYTE : 64 * KIBIBYTE;
      for (const shape of shapesOf(bytes, 1000)) await echoCell(client, kind, shape);
    }
  }));

async function open(server: Server, offer: DeflateOptions | false): Promise<DeflateClient> {
  const options = offer === false ? false : { ...offer, threshold: 0 };
  const client = await DeflateClient.open(`${server.wsUrl}/echo`, options);
  assertEquals(client.answer, offer === false ? undefined : answerTo(offer));
  return client;
}

const PYTHON = pythonWith("import websockets.client");
const MISSING = PYTHON === undefined
  ? " (skipped, to install it: apt-get install python3-websockets)"
  : "";

/** Prints a line of JSON for each list of offers: what the server answered, and which messages came back as others. */
const CLIENT = `
import asyncio, base64, json, ssl, sys
import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

plan = json.load(sys.stdin)
kinds = [(kind["name"], kind["isText"], base64.b64decode(kind["bytes"])) for kind in plan["kinds"]]

def message(blob, is_text, size, n):
    start = n * 7919 % (len(blob) - size)
    part = blob[start:start + size]
    return part.decode("utf-8", "ignore") if is_text else part

def pieces(message, fragment):
    return [message[at:at + fragment] for at in range(0, len(message), fragment)]

async def echo(socket, wrong):
    for name, is_text, blob in kinds:
        for shape in plan["shapes"]:
            sent = [message(blob, is_text, shape["size"], n) for n in range(shape["count"])]
            for one in sent:
                await socket.send(pieces(one, shape["fragment"]) if shape["fragment"] else one)
            for one in sent:
                if await socket.recv() != one:
                    wrong.append([name, shape])

async def main():
    insecure = ssl.create_default_context() if plan["url"].startswith("wss") else None
    if insecure:
        insecure.check_hostname = False
        insecure.verify_mode = ssl.CERT_NONE
    for offers in plan["offers"]:
        wrong = []
        extensions = [ClientPerMessageDeflateFactory(**offer) for offer in offers]
        options = {"compression": None, "extensions": extensions, "max_size": None, "ssl": insecure}
        async with websockets.connect(plan["url"], **options) as socket:
            await echo(socket, wrong)
            headers = socket.response.headers if hasattr(socket, "response") else socket.response_headers
            answer = headers.get("Sec-WebSocket-Extensions")
        print(json.dumps({"answer": answer, "wrong": wrong}))

asyncio.run(main())
`;

/** Offers in the order of preference; that which is accepted is the first one. */
const SEVERAL: readonly (readonly DeflateOptions[])[] = [
  [],
  [{ serverMaxWindowBits: 9, serverNoContextTakeover: true }, { clientMaxWindowBits: true }],
  [{ clientMaxWindowBits: false }, { serverMaxWindowBits: 12 }, { serverMaxWindowBits: 9 }],
];

/** As Python's `websockets` names them. It cannot compress with a window of 256 bytes, as zlib has none. */
function inPython(offer: DeflateOptions): Record<string, number | boolean | null> | undefined {
  const { clientMaxWindowBits = true } = offer;
  if (clientMaxWindowBits === 8) return undefined;
  return {
    server_no_context_takeover: offer.serverNoContextTakeover ?? false,
    client_no_context_takeover: offer.clientNoContextTakeover ?? false,
    server_max_window_bits: offer.serverMaxWindowBits ?? null,
    client_max_window_bits: clientMaxWindowBits === false ? null : clientMaxWindowBits,
  };
}

Deno.test({
  name: `deflate grid: Python's websockets, with every legal offer and several at once${MISSING}`,
  ignore: PYTHON === undefined,
  fn: (t) =>
    withServer(SERVER, async (server) => {
      const lists = [
        ...OFFERS.filter((offer) => inPython(offer) !== undefined).map((offer) => [offer]),
        ...SEVERAL,
      ];
      const kinds = KINDS.map(({ name, isText, bytes }) => ({
        name,
        isText,
        bytes: encodeBase64(bytes),
      }));
      const plan = { url: `${server.wsUrl}/echo`, kinds, shapes: SOME_SHAPES };
      // So few at once that a busy machine does them in the time of one program.
      for (let at = 0; at < lists.length; at += 4) {
        const some = lists.slice(at, at + 4);
        await t.step(JSON.stringify(some), async () => {
          const input = JSON.stringify({ ...plan, offers: some.map((list) => list.map(inPython)) });
          const bytes = new Uint8Array(new TextEncoder().encode(input));
          const lines = (await expectProgram(PYTHON!, ["-c", CLIENT], bytes)).trim().split("\n");
          assertEquals(
            lines.map((line) => JSON.parse(line)),
            some.map(([first]) => ({
              answer: first === undefined ? null : answerTo(first),
              wrong: [],
            })),
          );
        });
      }
    }),
});
