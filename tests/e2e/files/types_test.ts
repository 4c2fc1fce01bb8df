/** Media types of a served folder: from the table, and from `--type`. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { ask, field } from "../../support/http_client.ts";
import { runServer } from "../../support/server.ts";
import { withSite } from "../../support/site.ts";

Deno.test("types: from the table, for unknown endings, and from --type", () => {
  const names = [
    ".well-known/apple-app-site-association",
    "me.vcf",
    "a.flac",
    "a.gpx",
    "a.log",
    "a.js",
  ];
  const files = Object.fromEntries(names.map((name) => [name, "{}"]));
  const args = ["--type", ".gpx=application/gpx+xml", "--type", ".LOG=text/plain"];
  return withSite({ files, args }, async ({ server }) => {
    const types: (string | undefined)[] = [];
    for (const name of names) {
      const answer = await ask(server, `GET /${name} HTTP/1.1\r\nHost: a\r\n\r\n`);
      types.push(field(answer, "content-type"));
    }
    assertEquals(types, [
      "application/json; charset=utf-8",
      "text/vcard; charset=utf-8",
      "audio/flac",
      "application/gpx+xml",
      "text/plain; charset=utf-8",
      "text/javascript; charset=utf-8",
    ]);
  });
});

Deno.test("types: a malformed --type is an error at the start", async () => {
  const wrong = [".gpx", "gpx=a/b", ".gpx=", ".gpx=text", ".a/b=text/plain", ".gpx=a/b\r\nX: y"];
  for (const rule of wrong) {
    const { code, stderr } = await runServer(["--root", ".", "--type", rule]);
    assertEquals(code, 2, rule);
    assertStringIncludes(stderr, "--type must be .ENDING=TYPE, as '.gpx=application/gpx+xml'");
  }
});
