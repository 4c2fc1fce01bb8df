/**
 * How an app's sockets get publications: a message each, and all but those that they have published themselves.
 */

import { assertEquals } from "@std/assert";
import { ByteBuffer } from "../../../../protocol/mod.ts";
import { ENTRY_KIND, type EntryKind } from "../../../../runtime/channels/mod.ts";
import { Entry } from "../../../../runtime/channels/record_buffer.ts";
import { HubChannel } from "../../../../runtime/serve/hub/hub_channel.ts";
import type { SharedFrames } from "../../../../runtime/serve/session/mod.ts";
import { framesFor, TopicFace } from "../../../../runtime/serve/app/topic_face.ts";

const UTF8 = new TextEncoder();
const TEXTS = new TextDecoder();
const NOBODY = { delivered() {} };
const NOTHING = { takePublisher: () => undefined };

function entry(offset: number, text: string, kind: EntryKind = ENTRY_KIND.publication): Entry {
  const bytes = UTF8.encode(JSON.stringify(text));
  return Object.assign(new Entry(), { kind, offset, bytes, dataEnd: bytes.length });
}

function channel(): HubChannel {
  const owner = { onEncoded() {}, onFailed() {} };
  return new HubChannel({ name: "t", number: 1 }, { epoch: 1, offset: 0 }, {
    owner,
    conflation: null,
  });
}

/** The texts of short frames. */
function textsOf(frames: SharedFrames | undefined): string[] {
  const texts: string[] = [];
  const bytes = frames?.frame.bytes ?? new Uint8Array(0);
  for (let at = 0; at < bytes.length;) {
    assertEquals(bytes[at], 0x81);
    const end = at + 2 + bytes[at + 1]!;
    texts.push(JSON.parse(TEXTS.decode(bytes.subarray(at + 2, end))));
    at = end;
  }
  if (frames !== undefined) assertEquals(frames.count, texts.length);
  return texts;
}

Deno.test("topic face: each publication is a message, and joins are none", () => {
  const [face, out, on] = [new TopicFace(NOBODY, NOTHING), new ByteBuffer(0), channel()];
  face.append(out, on, entry(1, "a"));
  face.append(out, on, entry(0, "somebody", ENTRY_KIND.join));
  face.append(out, on, entry(2, "b"));
  const message = face.seal(out);
  assertEquals(message.own, null);
  assertEquals(textsOf(framesFor(message, {})), ["a", "b"]);
});

Deno.test("topic face: a subscriber gets all but what it has published, wherever that stands", () => {
  const [ann, bob, eve] = [{}, {}, {}];
  const rows: [publishers: (object | undefined)[], forAnn: string[], forBob: string[]][] = [
    [[ann], [], ["1"]],
    [[ann, bob], ["2"], ["1"]],
    [[undefined, ann, ann, undefined], ["1", "4"], ["1", "2", "3", "4"]],
    [[ann, undefined, bob, ann], ["2", "3"], ["1", "2", "4"]],
    [[undefined, undefined], ["1", "2"], ["1", "2"]],
  ];
  for (const [publishers, forAnn, forBob] of rows) {
    const [face, out, on] = [new TopicFace(NOBODY, NOTHING), new ByteBuffer(0), channel()];
    publishers.forEach((publisher, i) => {
      if (publisher !== undefined) face.excludePublisher(on, i + 1, publisher);
    });
    publishers.forEach((_, i) => face.append(out, on, entry(i + 1, String(i + 1))));
    const message = face.seal(out);
    assertEquals(textsOf(framesFor(message, ann)), forAnn);
    assertEquals(textsOf(framesFor(message, bob)), forBob);
    assertEquals(textsOf(framesFor(message, eve)), publishers.map((_, i) => String(i + 1)));
  }
});

Deno.test("topic face: the publishers of one channel are not those of another, and one message's are not the next one's", () => {
  const [face, ann, one, other] = [new TopicFace(NOBODY, NOTHING), {}, channel(), channel()];
  const [first, second] = [new ByteBuffer(0), new ByteBuffer(0)];
  face.excludePublisher(one, 1, ann);
  face.append(second, other, entry(1, "theirs"));
  face.append(first, one, entry(1, "hers"));
  assertEquals(textsOf(framesFor(face.seal(second), ann)), ["theirs"]);
  assertEquals(framesFor(face.seal(first), ann), undefined);
  first.clear();
  face.append(first, one, entry(2, "next"));
  assertEquals(textsOf(framesFor(face.seal(first), ann)), ["next"]);
});
