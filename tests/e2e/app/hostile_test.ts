/**
 * Apps that do what they should not, with a raw client: no connection loses its framing, no worker dies, and the next
 * request is answered.
 */

import { assert, assertEquals } from "@std/assert";
import { withApp } from "../../support/app_server.ts";
import { ask, field, HttpConnection } from "../../support/http_client.ts";
import { type Server, waitFor } from "../../support/server.ts";
import { OVER_TLS } from "../../support/suite_tls.ts";

const get = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
const post = (path: string, body: string, more = "") =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;
const OK = get("/ok");
/** A body that is a request, if it is taken for one. */
const SMUGGLED = get("/events", "X-Smuggled: yes\r\n");

/** Serves the hostile app; what it leaves on stderr is part of the test. */
function withHostileApp(body: (server: Server) => Promise<void>): Promise<void> {
  return withApp("hostile.js", async (server) => {
    await body(server);
    assertEquals((await ask(server, OK)).text, "ok", "the worker serves on");
    assertEquals((await server.stop()).code, 0);
  });
}

/** What the app has noticed. */
async function eventsOf(server: Server): Promise<string[]> {
  return JSON.parse((await ask(server, get("/events"))).text);
}

function waitForEvent(server: Server, wanted: string): Promise<string[]> {
  let events: string[] = [];
  return waitFor(async () => {
    events = await eventsOf(server);
    return events.some((event) => event.startsWith(wanted)) ? events : undefined;
  }, { what: () => `${wanted} in ${events.slice(-5)}` });
}

Deno.test("hostile app: a body that is not read is not taken for the next request", (test) =>
  withHostileApp(async (server) => {
    const rows: [path: string, text: string][] = [
      ["/early", "early"],
      ["/early-later", "early"],
      ["/reads-a-piece", "true"],
      ["/cancels-body", "cancelled"],
      ["/reads-later", "answered"],
      ["/reads-twice", "TypeError true"],
    ];
    for (const [path, text] of rows) {
      await test.step(`${path}, all at once`, async () => {
        using connection = await HttpConnection.open(server);
        await connection.send(post(path, SMUGGLED) + OK);
        assertEquals((await connection.answer()).text, text);
        assertEquals((await connection.answer()).text, "ok");
      });
      await test.step(`${path}, the body after the answer has begun`, async () => {
        using connection = await HttpConnection.open(server);
        const body = SMUGGLED + "x".repeat(200_000);
        const request = post(path, body);
        const head = request.length - body.length;
        await connection.send(request.slice(0, head + 10));
        await connection.send(request.slice(head + 10, head + 50_000));
        await connection.send(request.slice(head + 50_000) + OK);
        assertEquals((await connection.answer()).text, text);
        assertEquals((await connection.answer()).text, "ok");
      });
      await test.step(`${path}, in chunks`, async () => {
        using connection = await HttpConnection.open(server);
        const head = `POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`;
        const chunk = `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n`;
        await connection.send(`${head}${chunk}${chunk}0\r\n\r\n${OK}`);
        assertEquals((await connection.answer()).text, text);
        assertEquals((await connection.answer()).text, "ok");
      });
    }
    const late = await waitForEvent(server, "after the answer");
    assertEquals(new Set(late).size, 1, `${late}`);
    assert(late[0]?.includes("Request closed"), late[0]);
  }));

Deno.test("hostile app: an exception is 500 without its text, and is told to the operator", (test) =>
  withHostileApp(async (server) => {
    for (const path of ["/throws", "/rejects", "/throws-null", "/rejects-undefined"]) {
      for (const request of [get(path), post(path, SMUGGLED)]) {
        await test.step(`${path} ${request.slice(0, 4)}`, async () => {
          using connection = await HttpConnection.open(server);
          await connection.send(request + OK);
          const answer = await connection.answer();
          assertEquals([answer.status, answer.text], [500, "The server failed to answer\n"]);
          assertEquals(field(answer, "connection"), "close");
          await connection.expectEnd();
        });
      }
    }
    const log = await server.waitForLog("Error: rejected");
    assert(log.includes("hostile.js:"), "the log says where");
    assert(server.stderr.includes("Error: thrown"), server.stderr);
  }));

Deno.test("hostile app: an exception in the body cuts the answer off", (test) =>
  withHostileApp(async (server) => {
    for (const path of ["/throws-in-body", "/throws-before-body", "/not-bytes", "/stream-short"]) {
      await test.step(path, async () => {
        using connection = await HttpConnection.open(server);
        await connection.send(get(path) + OK);
        const text = new TextDecoder().decode(
          await connection.rest().catch(() => new Uint8Array()),
        );
        assert(!text.includes("\r\n0\r\n\r\n") && !text.includes("\r\nok"), text);
        assert(!text.includes("abcdef"), text);
      });
    }
    await test.step("/stream-long", async () => {
      using connection = await HttpConnection.open(server);
      await connection.send(get("/stream-long") + OK);
      const text = new TextDecoder().decode(await connection.rest().catch(() => new Uint8Array()));
      // Over TLS the missing close_notify says that it was cut off: the client's library gives nothing then.
      assert(OVER_TLS ? text === "" : text.endsWith("\r\n\r\nabcdef"), text);
    });
  }));

Deno.test("hostile app: what is no Response, or a used one, is 500 with its reason in the log", (test) =>
  withHostileApp(async (server) => {
    const rows: [path: string, reason: string][] = [
      ["/number", "it has returned number"],
      ["/null", "it has returned null"],
      ["/object", "it has returned another object"],
      ["/later-text", "it has returned string"],
      ["/used", "was already used"],
      ["/locked", "was already used"],
      ["/error-response", "status 0"],
      ["/upgrade-response", "status 101"],
      ["/line-end", "Invalid header value"],
      ["/line-end-later", "Invalid header value"],
      ["/bad-name", "Invalid header name"],
      ["/control", "Cannot send the field value"],
      ["/wide", "ByteString"],
      ["/status-text", "Invalid status text"],
    ];
    for (const [path, reason] of rows) {
      await test.step(path, async () => {
        using connection = await HttpConnection.open(server);
        await connection.send(get(path) + OK);
        assertEquals((await connection.answer()).status, 500);
        await connection.expectEnd();
        await server.waitForLog(reason);
      });
    }
    await test.step("the same Response twice", async () => {
      assertEquals((await ask(server, get("/constant"))).text, "constant");
      assertEquals((await ask(server, get("/constant"))).status, 500);
    });
  }));

Deno.test("hostile app: framing and connection stay the server's, whatever fields the app sets", (test) =>
  withHostileApp(async (server) => {
    const rows: [path: string, text: string, fields: Record<string, string | undefined>][] = [
      ["/length-short", "body", { "content-length": "4" }],
      ["/length-long", "body", { "content-length": "4" }],
      ["/length-odd", "body", { "content-length": "4" }],
      ["/stream-length", "abcdef", { "content-length": "6", "transfer-encoding": undefined }],
      ["/encoding", "body", { "content-length": "4", "transfer-encoding": undefined }],
      ["/encoding-gzip", "body", { "transfer-encoding": "chunked" }],
      ["/both", "body", { "content-length": "4", "transfer-encoding": undefined }],
      ["/keeps", "body", { "keep-alive": undefined, connection: undefined }],
      ["/date", "body", {}],
      ["/empty-chunks", "ab", { "transfer-encoding": "chunked" }],
      ["/no-content", "", { "content-length": undefined, "transfer-encoding": undefined }],
      ["/not-modified", "", { etag: '"a"', "content-length": undefined }],
      ["/long-text", "ä".repeat(100_000), { "content-length": "200000" }],
      ["/long-bytes", "\0".repeat(300_000), { "content-length": "300000" }],
      ["/blob", "blob", { "content-type": "text/x" }],
      ["/form", "a=1+2", { "content-type": "application/x-www-form-urlencoded;charset=UTF-8" }],
    ];
    for (const [path, text, fields] of rows) {
      await test.step(path, async () => {
        using connection = await HttpConnection.open(server);
        await connection.send(get(path) + OK);
        const answer = await connection.answer();
        assertEquals(answer.text, text);
        for (const [name, value] of Object.entries(fields)) {
          assertEquals(field(answer, name), value, name);
        }
        assertEquals((await connection.answer()).text, "ok");
      });
      await test.step(`HEAD ${path}`, async () => {
        using connection = await HttpConnection.open(server);
        await connection.send(get(path).replace("GET", "HEAD") + OK);
        await connection.answer("HEAD");
        assertEquals((await connection.answer()).text, "ok");
      });
    }
    for (const path of ["/closes", "/odd-connection"]) {
      await test.step(path, async () => {
        using connection = await HttpConnection.open(server);
        await connection.send(get(path) + OK);
        const answer = await connection.answer();
        assertEquals([answer.text, field(answer, "connection")], ["body", "close"]);
        await connection.expectEnd();
      });
    }
    await test.step("cookies have their own lines", async () => {
      const { fields } = await ask(server, get("/cookies"));
      const values = (name: string) => fields.filter(([each]) => each === name).map(([, v]) => v);
      assertEquals(values("set-cookie"), ["a=1", "b=2, c"]);
      assertEquals(values("x").join(", "), "1, 2");
    });
    await test.step("a stream for HTTP/1.0 ends with the connection", async () => {
      using connection = await HttpConnection.open(server);
      await connection.send("GET /stream HTTP/1.0\r\n\r\n");
      const answer = await connection.answer();
      assertEquals([answer.text, field(answer, "transfer-encoding")], ["abc", undefined]);
    });
  }));

Deno.test("hostile app: a client that leaves aborts the request's signal, and the late answer reaches nobody", () =>
  withHostileApp(async (server) => {
    for (const half of [false, true]) {
      const before = (await eventsOf(server)).length;
      const connection = await HttpConnection.open(server);
      await connection.send(get("/waits"));
      await waitFor(async () => (await eventsOf(server)).length > before, { what: "the request" });
      if (half) await connection.closeWrite();
      else connection.close();
      await waitFor(async () => (await eventsOf(server))[before + 1], { what: "the abort" });
      assertEquals((await eventsOf(server))[before + 1], "aborted: AbortError");
      if (!half) continue;
      assertEquals((await connection.answer()).text, "nobody", "an ended side may still read");
      connection.close();
    }
  }));

Deno.test("hostile app: a client that leaves in the middle of its body rejects what reads it", () =>
  withHostileApp(async (server) => {
    const connection = await HttpConnection.open(server);
    await connection.send(post("/reads-all", "x".repeat(100)).slice(0, -50));
    await waitForEvent(server, "reading");
    connection.close();
    const events = await waitForEvent(server, "failed");
    assertEquals(events, ["reading", "failed: ProtocolError"]);
  }));

Deno.test("hostile app: an endless stream is pulled as fast as the client reads, and cancelled when it leaves", () =>
  withHostileApp(async (server) => {
    const connection = await HttpConnection.open(server);
    await connection.send(get("/endless"));
    await connection.bytes(100_000);
    let pulled = -1;
    await waitFor(async () => {
      const now = (await eventsOf(server)).length;
      const stands = now === pulled;
      pulled = now;
      return stands;
    }, { what: "the pulls to stop" });
    assert(pulled * 65_536 < 32 * 1024 * 1024, `${pulled} pieces for a client that does not read`);
    connection.close();
    const events = await waitForEvent(server, "endless cancelled");
    assertEquals(events.at(-1), "endless cancelled: AbortError");
  }));

Deno.test("hostile app: a stream is cut off, and cancelled, if its client ends its side", () =>
  withHostileApp(async (server) => {
    using connection = await HttpConnection.open(server);
    await connection.send(get("/endless"));
    await connection.bytes(1000);
    await connection.closeWrite();
    const rest = await connection.rest().catch(() => new Uint8Array());
    assert(!new TextDecoder().decode(rest).endsWith("0\r\n\r\n"));
    await waitForEvent(server, "endless cancelled");
  }));

Deno.test("hostile app: a Request that is kept reaches no later request", () =>
  withHostileApp(async (server) => {
    using connection = await HttpConnection.open(server);
    for (const path of ["/keep", "/kept-later"]) {
      await connection.send(post(path, "first", "X-Secret: first\r\n"));
      assertEquals((await connection.answer()).text, "kept");
      await connection.send(post("/use-kept", "second", "X-Secret: second\r\n"));
      const [secret, text, url] = JSON.parse((await connection.answer()).text);
      assertEquals(text, "Request closed");
      // An asynchronous handler's request is a copy, which stays readable.
      assertEquals(secret, path === "/keep" ? "Request closed" : "first");
      assertEquals(url, `${OVER_TLS ? "https" : "http"}://a${path}`);
    }
  }));

Deno.test("hostile app: pipelined requests are answered in order, whatever each of them takes", () =>
  withHostileApp(async (server) => {
    using connection = await HttpConnection.open(server);
    const paths = ["/early-later", "/ok", "/stream", "/nothing", "/early-later", "/ok"];
    await connection.send(paths.map((path) => get(path)).join(""));
    const texts: string[] = [];
    for (const _ of paths) texts.push((await connection.answer()).text);
    assertEquals(texts, ["early", "ok", "abc", "Not found\n", "early", "ok"]);
  }));

Deno.test("hostile app: a client that waits for 100 gets it when the app reads, and is refused without it", () =>
  withHostileApp(async (server) => {
    const head = (path: string) =>
      `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n`;
    {
      using connection = await HttpConnection.open(server);
      await connection.send(head("/reads-all"));
      assertEquals((await connection.answer()).status, 100);
      await connection.send(`hello${OK}`);
      assertEquals((await connection.answer()).text, "hello");
      assertEquals((await connection.answer()).text, "ok");
    }
    using connection = await HttpConnection.open(server);
    await connection.send(head("/early"));
    const answer = await connection.answer();
    assertEquals([answer.text, field(answer, "connection")], ["early", "close"]);
    await connection.expectEnd();
  }));

Deno.test("hostile app: a client that leaves within its body is no fault of the app", () =>
  withHostileApp(async (server) => {
    for (const path of ["/text", "/json"]) {
      const connection = await HttpConnection.open(server);
      const head = `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n`;
      await connection.send(`${head}half`);
      connection.close();
    }
    const log = await server.waitForLog("the body could not be read", 2);
    assertEquals(log.includes("[APP] fetch"), false, log);
  }));
