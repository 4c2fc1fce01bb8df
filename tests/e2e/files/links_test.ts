/** Symbolic links in a served folder: those that lead into it, and those that lead out. */

import { assertEquals } from "@std/assert";
import { ask } from "../../support/http_client.ts";
import { putFile, withSite } from "../../support/site.ts";

Deno.test("links: an absolute link is served and listed if its target is in the folder", () =>
  withSite(
    { files: { "a.txt": "content", "sub/b.txt": "deeper" }, args: ["--listing"] },
    async (site) => {
      const { server, folder, top } = site;
      await putFile(`${top}/outside/a.txt`, "secret");
      await Deno.symlink(`${folder}/a.txt`, `${folder}/file`);
      await Deno.symlink(`${folder}/sub`, `${folder}/folder`);
      await Deno.symlink(`../a.txt`, `${folder}/sub/up`);
      await Deno.symlink(`${top}/outside`, `${folder}/out`);
      const get = async (path: string) => {
        const answer = await ask(
          server,
          `GET ${path} HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n`,
        );
        return answer.status === 200 ? answer.text : answer.status;
      };
      assertEquals(await get("/file"), "content");
      assertEquals(await get("/folder/b.txt"), "deeper");
      assertEquals(await get("/folder"), 301);
      assertEquals(await get("/sub/up"), "content");
      for (const path of ["/out", "/out/", "/out/a.txt"]) assertEquals(await get(path), 404, path);
      const names = async (path: string) => {
        const listing = await get(path);
        if (typeof listing !== "string") throw new Error(`${path}: ${listing}`);
        return JSON.parse(listing).entries.map(({ name }: { name: string }) => name);
      };
      assertEquals(await names("/"), ["folder", "sub", "a.txt", "file"]);
      assertEquals(await names("/sub/"), ["b.txt", "up"]);
      assertEquals(await names("/folder/"), ["b.txt", "up"]);
    },
  ));
