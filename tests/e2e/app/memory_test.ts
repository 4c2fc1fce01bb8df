/** Bodies that an app holds in other ways than by `request.text()` and its like count towards `--max-memory`, too. */

import { assert } from "@std/assert";
import { withAdmin } from "../../support/admin.ts";
import { appFile } from "../../support/app_server.ts";
import { HttpConnection } from "../../support/http_client.ts";
import { Metrics } from "../../support/metrics.ts";
import { waitFor } from "../../support/wait_for.ts";

const MEBIBYTE = 1024 * 1024;
const HELD = "async_deno_held_memory_bytes";
const EVICTIONS = "async_deno_memory_evictions_total";

const SENT: Record<string, number> = {
  // As far as the stream reads ahead.
  "/not-read": 64 * 1024,
  "/clone": MEBIBYTE,
  "/one-of-two": MEBIBYTE,
  "/new-request": MEBIBYTE,
  "/new-response": MEBIBYTE,
  "/body-read-first": MEBIBYTE,
};

Deno.test("app: bodies that arrive in streams count towards --max-memory", async (test) => {
  for (const [path, sent] of Object.entries(SENT)) {
    await test.step(path, async () => {
      const bound = Math.max(sent * 4, MEBIBYTE);
      const args = ["--max-memory", String(bound), "--app", appFile("holds_bodies.js")];
      await withAdmin({ workers: 1, args }, async (server, adminUrl) => {
        const connections: HttpConnection[] = [];
        try {
          const head = `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${sent * 2}\r\n\r\n`;
          for (let all = 0; all < bound * 2; all += sent) {
            const connection = await HttpConnection.open(server);
            connections.push(connection);
            await connection.send(head);
            await connection.send(new Uint8Array(sent));
          }
          let metrics = await Metrics.of(adminUrl);
          await waitFor(async () => {
            metrics = await Metrics.of(adminUrl);
            const held = metrics.sum(HELD);
            return metrics.sum(EVICTIONS) > 2 && held > sent && held <= bound * 1.25;
          }, { what: () => `${metrics.sum(HELD)} of ${bound}, ${metrics.sum(EVICTIONS)} ended` });
          const { code, stderr } = await server.stop("SIGKILL");
          assert(stderr.includes("--max-memory"), `${code} ${stderr}`);
        } finally {
          for (const connection of connections) connection.close();
        }
      });
    });
  }
});
