import { assertEquals } from "@std/assert";
import { withAdmin } from "../support/admin.ts";
import { Metrics } from "../support/metrics.ts";
import { waitFor } from "../support/server.ts";

Deno.test("warm-up: neither the logs nor the metrics show it", async () => {
  const accessLog = await Deno.makeTempFile();
  const args = ["--access-log", accessLog, "--warm-up", "on"];
  await withAdmin({ workers: 2, args }, async (server, adminUrl) => {
    await (await fetch(`${server.url}/healthz`)).text();
    const lines = await waitFor(async () => (await Deno.readTextFile(accessLog)).trim(), {
      what: "a line in the access log",
    });
    const log = await server.waitForLog("route=/healthz");
    const metrics = new Metrics(await (await fetch(`${adminUrl}/metrics`)).text());

    assertEquals(lines.split("\n").length, 1, lines);
    assertEquals(log.match(/ACCEPT/g)?.length, 1, log);
    assertEquals(log.match(/recv request/g)?.length, 1, log);
    for (
      const name of [
        "connections_accepted_total",
        "connections_opened_total",
        "http_requests_total",
      ]
    ) {
      assertEquals(metrics.sum(`async_deno_${name}`), 1, name);
    }
    for (const name of ["log_dropped_lines_total", "websockets_opened_total"]) {
      assertEquals(metrics.sum(`async_deno_${name}`), 0, name);
    }
  });
  await Deno.remove(accessLog);
});
