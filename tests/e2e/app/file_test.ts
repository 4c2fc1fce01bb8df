/** `server.file`: files of the app's folder, sent by the server with ranges and conditions. */

import { assert, assertEquals } from "@std/assert";
import { appFile, withApp } from "../../support/app_server.ts";

Deno.test("server.file: a file is sent whole, in part, compressed, or not modified", (test) =>
  withApp("hostile.js", async (server) => {
    const text = await Deno.readTextFile(appFile("first.js"));
    const ask = (path: string, headers: HeadersInit = {}, method = "GET") =>
      fetch(server.url + path, { method, headers: { "accept-encoding": "identity", ...headers } });
    for (const path of ["/file", "/file-later"]) {
      await test.step(path, async () => {
        const answer = await ask(path);
        assertEquals([answer.status, await answer.text()], [200, text]);
        assertEquals(answer.headers.get("content-type"), "text/javascript; charset=utf-8");
        assertEquals(answer.headers.get("accept-ranges"), "bytes");
      });
      await test.step(`${path}, a range`, async () => {
        const answer = await ask(path, { range: "bytes=4-9" });
        assertEquals([answer.status, await answer.text()], [206, text.slice(4, 10)]);
      });
      await test.step(`${path}, not modified`, async () => {
        const first = await ask(path, {}, "HEAD");
        await first.body?.cancel();
        const etag = first.headers.get("etag") ?? "";
        const answer = await ask(path, { "if-none-match": etag });
        assertEquals([answer.status, await answer.text()], [304, ""]);
      });
      await test.step(`${path}, compressed`, async () => {
        const answer = await ask(path, { "accept-encoding": "gzip" });
        assertEquals(await answer.text(), text);
        assert(answer.headers.get("vary")?.includes("Accept-Encoding"));
      });
    }
    for (const path of ["/file-copied", "/file-cloned"]) {
      await test.step(`${path}: a copy is the file, too`, async () => {
        const answer = await ask(path, { range: "bytes=4-9" });
        assertEquals([answer.status, await answer.text()], [206, text.slice(4, 10)]);
        assertEquals(answer.headers.get("x-copied"), path === "/file-copied" ? "yes" : null);
      });
    }
    await test.step("the app cannot read it", async () => {
      const refusal = "A file of server.file is sent by the server: the app cannot read it here";
      assertEquals(await (await ask("/file-read")).text(), `${refusal}; ${refusal}`);
    });
    await test.step("with fields of the app", async () => {
      const answer = await ask("/file-fields");
      assertEquals(await answer.text(), text);
      assertEquals(answer.headers.get("content-type"), "text/x");
      assertEquals(answer.headers.get("content-disposition"), "attachment");
      assertEquals(answer.headers.get("content-length"), `${text.length}`);
    });
  }));

Deno.test("server.file: what is missing is 404, what is outside of the app's folder is refused", () =>
  withApp("hostile.js", async (server) => {
    for (const [path, status] of [["missing", 404], ["outside", 500], ["folder", 500]] as const) {
      const answer = await fetch(`${server.url}/file-${path}`);
      await answer.body?.cancel();
      assertEquals(answer.status, status, path);
    }
    await server.waitForLog("it is not in the app's folder", 2);
    await server.stop();
  }));
