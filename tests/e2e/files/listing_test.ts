/** A large folder's listing over real sockets: other clients are served meanwhile, and changes are shown. */

import { assert, assertEquals } from "@std/assert";
import { MAX_LISTED } from "../../../runtime/serve/files/mod.ts";
import { ask, HttpConnection } from "../../support/http_client.ts";
import { withSite } from "../../support/site.ts";
import { waitFor } from "../../support/wait_for.ts";

const LIST = "GET /many/ HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n";
const HEALTH = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

Deno.test("listing: the worker's other connections are served while a large folder is read", () =>
  withSite({ args: ["--listing"] }, async ({ server, folder }) => {
    await Deno.mkdir(`${folder}/many`);
    for (let i = 0; i < MAX_LISTED; i++) Deno.writeTextFileSync(`${folder}/many/${i}`, "");
    using lister = await HttpConnection.open(server);
    using other = await HttpConnection.open(server);
    await lister.send(LIST);
    let isListed = false;
    const list = lister.answer().then((answer) => {
      isListed = true;
      return answer;
    });
    let served = 0;
    while (!isListed) {
      await other.send(HEALTH);
      assertEquals((await other.answer()).status, 200);
      served++;
    }
    assert(served >= 5, `${served} requests were served meanwhile`);
    const names = (text: string) =>
      JSON.parse(text).entries.map(({ name }: { name: string }) => name);
    assertEquals(names((await list).text), Array.from({ length: MAX_LISTED }, (_, i) => `${i}`));
    await Deno.remove(`${folder}/many/17`);
    await waitFor(async () => !names((await ask(server, LIST)).text).includes("17"), {
      what: "the listing without the removed files",
      timeoutMs: 5000,
    });
  }));
