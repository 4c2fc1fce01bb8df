/**
 * What is not a regular file, or may not be read: it is refused at once, without blocking.
 */

import { assertEquals } from "@std/assert";
import { ask } from "../../support/http_client.ts";
import { type Site, withSite } from "../../support/site.ts";

const ROOT = Deno.uid() === 0;

/** Root may read everything, but not without these two capabilities, which the server then lacks. */
const ROOT_WITHOUT_OVERRIDE = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] as const;

async function statusOf({ server }: Site, path: string): Promise<number> {
  return (await ask(server, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)).status;
}

async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

Deno.test("unreadable: FIFOs, sockets, folders and devices are not served as files", async () => {
  await withSite({ files: { "index.html/x": "1" }, args: ["--follow-links"] }, async (site) => {
    const { folder } = site;
    await run("mkfifo", `${folder}/fifo`);
    const listener = Deno.listen({ transport: "unix", path: `${folder}/socket` });
    await Deno.symlink("/dev/zero", `${folder}/zero`);
    await Deno.symlink("/dev/tty", `${folder}/tty`);
    for (const path of ["/fifo", "/socket", "/zero", "/tty", "/"]) {
      assertEquals(await statusOf(site, path), 404, path);
    }
    listener.close();
  });
});

Deno.test("unreadable: links that lead out of the folder, in a loop or nowhere are 404", async () => {
  await withSite({ files: { "a/b.txt": "1" } }, async (site) => {
    const { folder, top } = site;
    await Deno.writeTextFile(`${top}/secret`, "secret");
    const links: [path: string, to: string, status: number][] = [
      ["out", "../secret", 404],
      ["a/out", "../../secret", 404],
      ["absolute", `${top}/secret`, 404],
      ["absolute-inside", `${folder}/a/b.txt`, 200],
      ["up", "..", 404],
      ["circle", "circle", 404],
      ["nowhere", "nothing", 404],
      ["inside", "a/b.txt", 200],
      ["folder", "a", 301],
    ];
    for (const [path, to] of links) await Deno.symlink(to, `${folder}/${path}`);
    for (const [path, , status] of links) {
      assertEquals(await statusOf(site, `/${path}`), status, path);
    }
    assertEquals(await statusOf(site, "/up/secret"), 404);
    assertEquals(await statusOf(site, "/folder/b.txt"), 200);
  });
});

Deno.test("unreadable: --follow-links serves targets outside of the folder", async () => {
  await withSite({ args: ["--follow-links"] }, async (site) => {
    await Deno.writeTextFile(`${site.top}/beside`, "beside");
    await Deno.symlink("../beside", `${site.folder}/out`);
    assertEquals(await statusOf(site, "/out"), 200);
  });
});

Deno.test("unreadable: a file without read permission is 403", async () => {
  const through = ROOT ? { through: ROOT_WITHOUT_OVERRIDE } : {};
  await withSite({ files: { "mine.txt": "1", "ours.txt": "2" }, ...through }, async (site) => {
    await Deno.chmod(`${site.folder}/mine.txt`, 0);
    assertEquals(await statusOf(site, "/mine.txt"), 403);
    assertEquals(await statusOf(site, "/ours.txt"), 200);
  });
});
