/**
 * Requests that two parsers would end at different bytes, by fixtures/e2e/smuggling.json.
 *
 * Each row hides `GET /smuggled` after an ambiguous request. There must be one answer, a refusal,
 * then the end; and the log, read at the end, must not mention `/smuggled`.
 */

import { assert } from "@std/assert";
import { bytesOf, type HttpCase, readCases } from "../support/e2e_cases.ts";
import { expectAnswer } from "../support/expect_answer.ts";
import { ask, HttpConnection } from "../support/http_client.ts";
import { withServer } from "../support/server.ts";

const ROWS = readCases<HttpCase>("smuggling");

Deno.test("smuggling: every row of the table is refused, and its hidden request is not handled", (test) =>
  withServer({ workers: 2 }, async (server) => {
    for (const { name, input, expect } of ROWS) {
      await test.step(name, async () => {
        using connection = await HttpConnection.open(server);
        await connection.send(bytesOf(input));
        await expectAnswer(connection, "POST", expect);
      });
    }
    await test.step("the log does not mention a hidden request", async () => {
      // Unknown paths are logged: this one is the control.
      await ask(server, "GET /not-hidden HTTP/1.1\r\nHost: a\r\n\r\n");
      const log = await server.waitForLog("/not-hidden");
      assert(!log.includes("smuggled"), log);
    });
  }));
