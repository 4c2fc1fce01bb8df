/** What workers are answered about histories that an engine has, whichever it is. */

import { assertEquals } from "@std/assert";
import { REQUEST } from "../../../../runtime/serve/engine/engine_request.ts";
import {
  RequestAnswers,
  type RequestAnswersParts,
  type RequestPlace,
} from "../../../../runtime/serve/engine/request_answers.ts";
import { LoopbackEngine } from "../../../support/loopback_engine.ts";

const UTF8 = new TextEncoder();
const NAME = UTF8.encode("a");

Deno.test("request answers: a page behind a position that the history has left behind is refused", async () => {
  const engine = new LoopbackEngine();
  const driver = engine.driver();
  driver.restore();
  const place = { driver } as unknown as RequestPlace;
  const parts: Pick<RequestAnswersParts, "placeOf"> = { placeOf: () => place };
  const answers = new RequestAnswers(parts as RequestAnswersParts);
  const publish = (historySize: number) =>
    driver.publish("a", { data: UTF8.encode("1"), historySize, historyTtlMs: 60_000 });
  const page = async (offset: number | undefined, limit: number, reverse: 0 | 1) => {
    const values = [NAME, offset, "", limit, 1_000_000, reverse];
    const answer = await answers.request(0, REQUEST.history, values) ?? [];
    return [answer[0], ...answer.slice(3).filter((_, i) => i % 4 === 0)];
  };
  for (let i = 0; i < 5; i++) await publish(3);
  assertEquals(await page(undefined, 9, 0), ["read", 3, 4, 5]);
  assertEquals(await page(2, 9, 0), ["read", 3, 4, 5]);
  assertEquals(await page(5, 9, 0), ["read"]);
  assertEquals(await page(1, 9, 0), ["unrecoverable"]);
  assertEquals(await page(1, 0, 0), ["read"]);
  assertEquals(await page(4, 9, 1), ["read", 3]);
  await publish(0);
  assertEquals(await page(5, 9, 0), ["unrecoverable"]);
  assertEquals(await page(6, 9, 0), ["read"]);
});
