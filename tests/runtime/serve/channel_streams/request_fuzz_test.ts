/**
 * The fuzz sentence for `/channels/sse` and `/channels/history`: any query and any Last-Event-ID → one answer, which is a stream, a page or a
 * refusal with a reason of one line; never an exception, and nothing is left of a stream that has ended. Seeded.
 */

import { assert, assertEquals } from "@std/assert";
import type { ResponseHead } from "../../../../protocol/mod.ts";
import { historyHandler } from "../../../../runtime/serve/channel_streams/history_route.ts";
import { streamEndpoint } from "../../../../runtime/serve/channel_streams/stream_route.ts";
import type {
  AnswerStream,
  Exchange,
  StreamListener,
} from "../../../../runtime/serve/session/mod.ts";
import { Random } from "../../../support/random.ts";
import { publication, Stores, textOf, utf8 } from "../../channels/stores.ts";
import { ClientBench } from "../centrifuge/client_bench.ts";
import { FakeAnswer } from "./stream_bench.ts";

const RUNS = Number(Deno.env.get("FUZZ_RUNS") ?? 10_000);
const STATUSES = [200, 400, 401, 403, 404, 410, 429, 503];

const PARTS: readonly string[] = [
  ...["channel=", "channel=chat:a", "channel=chat:b", "channel=closed:a", "channel=$chat:a"],
  ...[
    "channel=none:a",
    "chan",
    "channel=%ff",
    "channel=%00",
    "channel=a%0d%0ab",
    "&",
    "=",
    "%",
    "+",
    "lastEventId=",
  ],
  ...["token=x", "token=", "subscription_token=x", "last_event_id=", "limit=1", "limit=-1"],
  ...[
    "limit=99999999999999999999",
    "since_offset=1",
    "since_offset=9007199254740991",
    "since_offset=1e3",
  ],
  ...[
    "since_epoch=",
    "since_epoch=1-1",
    "reverse=true",
    "reverse=1",
    "Channel=chat:a",
    "chat:ü",
    "__proto__=1",
  ],
];
const IDS: readonly string[] = ["", ",", "x", "1.1-1.1", "a.b-c.9007199254740992", ".-.", "\0"];

/** A request, and what it is answered. */
class FakeExchange {
  readonly request: Exchange["request"];
  readonly answer = new FakeAnswer();
  listener: StreamListener | undefined;
  answers = 0;
  status = 0;
  text = "";

  constructor(method: string, query: string, lastEventId: string) {
    const field = (name: string) => name === "last-event-id" ? lastEventId : undefined;
    this.request = { method, query, field } as unknown as Exchange["request"];
  }

  respondText(status: number, text: string): void {
    this.answers++;
    [this.status, this.text] = [status, text];
  }

  respond({ status }: ResponseHead, bytes: Uint8Array, start: number, end: number): void {
    this.answers++;
    [this.status, this.text] = [status, textOf(bytes.subarray(start, end))];
  }

  respondStream({ status }: ResponseHead, listener: StreamListener): AnswerStream | null {
    this.answers++;
    this.status = status;
    if (this.request.method === "HEAD") return null;
    this.listener = listener;
    return this.answer;
  }
}

Deno.test(`channel streams: ${RUNS} random requests are answered once each, and leave nothing`, async () => {
  const random = new Random(11);
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)]!;
  const stores = new Stores(256 * 1024);
  const bench = new ClientBench({ stores });
  const handlers = [
    streamEndpoint(bench.context, bench.directory).handle,
    historyHandler(bench.context),
  ];
  const ids = [...IDS];
  const seen = new Set<number>();
  for (let i = 0; i < RUNS; i++) {
    if (i % 10 === 0) stores.main.publish(utf8(pick(["chat:a", "chat:b"])), publication(`${i}`));
    const query = Array.from({ length: random.below(6) }, () => pick(PARTS))
      .join(random.below(10) === 0 ? "" : "&") + (random.below(20) === 0 ? pick(ids) : "");
    const id = Array.from({ length: random.below(3) }, () => pick(ids)).join(",");
    const exchange = new FakeExchange(pick(["GET", "GET", "HEAD"]), query, id);
    try {
      bench.beginTurn();
      await pick(handlers)(exchange as unknown as Exchange, []);
      assertEquals(exchange.answers, 1);
      assert(STATUSES.includes(exchange.status), `${exchange.status} ${exchange.text}`);
      if (exchange.status !== 200) assert(/^[ -~]{5,}\n$/.test(exchange.text), exchange.text);
      else if (exchange.text !== "") JSON.parse(exchange.text);
      bench.turn();
      const found = /^id: (.+)$/m.exec(exchange.answer.unread)?.[1];
      if (found !== undefined && ids.length < 50) ids.push(found, found.slice(1), `${found}0`);
      exchange.listener?.left();
    } catch (error) {
      throw new Error(`run ${i}: ${query} | ${id}`, { cause: error });
    }
    seen.add(exchange.status);
  }
  bench.settle();
  assertEquals([bench.context.hub.channelCount, bench.directory.find("", "").length], [0, 0]);
  stores.check();
  // A fuzzer that is always refused early tests nothing.
  if (RUNS >= 1_000) assertEquals([...seen].sort(), [200, 400, 401, 403, 404, 410]);
});
