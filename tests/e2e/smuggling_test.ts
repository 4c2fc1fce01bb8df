/**
 * Requests whose end two readers would see at different places, by fixtures/e2e/smuggling.json.
 *
 * Each row hides `GET /smuggled` behind an ambiguous request. There must be one answer, a refusal,
 * then the end; and the log, read at last, must not know of `/smuggled`.
 */

import { assert } from "@std/assert";
import { bytesOf, type HttpCase, readCases } from "../support/e2e_cases.ts";
import { expectAnswer } from "../support/expect_answer.ts";
import { ask, HttpConnection } from "../support/http_client.ts";
import { withServer } from "../support/server.ts";

const ROWS = readCases<HttpCase>("smuggling");

Deno.test("smuggling: the table", (test) =>
  withServer({ workers: 2 }, async (server) => {
    for (const { name, input, expect } of ROWS) {
      await test.step(name, async () => {
        using connection = await HttpConnection.open(server);
        await connection.send(bytesOf(input));
        await expectAnswer(connection, "POST", expect);
      });
    }
    await test.step("the log does not know the hidden request", async () => {
      // A path that is not there is in the log: this one stands for the hidden ones.
      await ask(server, "GET /not-hidden HTTP/1.1\r\nHost: a\r\n\r\n");
      const log = await server.waitForLog("/not-hidden");
      assert(!log.includes("smuggled"), log);
    });
  }));
