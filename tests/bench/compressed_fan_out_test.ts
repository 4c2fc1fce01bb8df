/**
 * fanload with subscribers that negotiate permessage-deflate, or get deltas: it inflates and applies what comes, and compares it with
 * what it published. The servers are npm ws, with and without context takeover, and async-deno from source.
 */

import { assertEquals } from "@std/assert";
import { withWsChannels } from "../support/ws_channels.ts";
import { buildProgram } from "./c_programs.ts";
import { type ChannelsWire, PROGRAM_WIRE } from "./channels_wire.ts";
import { clientArgs, type ClientReport, startClient } from "./load_client.ts";
import { SCRATCH } from "./paths.ts";
import { asyncDeno } from "./peers/async_deno.ts";
import { type FanOutRow, isFanOutRow, makeChannelRows } from "./rows.ts";
import { freePort, ServerProcess } from "./server_process.ts";
import { findProgram, isMissing } from "./tools.ts";

/** More than are checked one by one. */
const SUBSCRIBERS = 150;
const ignore = findProgram("gcc") === undefined;

function rowOf(id: string): FanOutRow {
  const row = makeChannelRows(1).filter(isFanOutRow).find((row) => row.id === id);
  if (row === undefined) throw new Error(`no row ${id}`);
  return { ...row, connections: SUBSCRIBERS };
}

async function fanOut(port: number, row: FanOutRow, wire: ChannelsWire): Promise<ClientReport> {
  const program = await buildProgram("fanload");
  if (typeof program !== "string") throw new Error(program.missing);
  const args = clientArgs(row, port, { seconds: 0.5, wire });
  const client = startClient(program, args, { waits: true });
  assertEquals(await client.ready, true);
  client.begin();
  const report = await client.report;
  await client.end();
  return report;
}

for (const hasContext of [false, true]) {
  const name = `with${hasContext ? "" : "out"} context takeover`;

  Deno.test({ name: `fanload reads what is compressed ${name}`, ignore }, async () => {
    await withWsChannels(hasContext, (text) => text, async (port) => {
      const report = await fanOut(port, rowOf("fan-out-deflate-1k-1000-one"), PROGRAM_WIRE);
      assertEquals([report.errors, report.requests > 0], [0, true]);
      assertEquals(report.requests % SUBSCRIBERS, 0);
      const wire = report.wire! / report.requests;
      assertEquals(wire > 50 && wire < 500, true, `${wire} bytes of 1 KiB`);
    });
  });

  Deno.test({ name: `fanload tells of another message, compressed ${name}`, ignore }, async () => {
    const spoil = (text: string) => text.replace('"id":', '"ID":');
    await withWsChannels(hasContext, spoil, async (port) => {
      const report = await fanOut(port, rowOf("fan-out-deflate-1k-1000-one"), PROGRAM_WIRE);
      assertEquals(report.errors > 0, true);
    });
  });
}

Deno.test({ name: "fanload refuses a server that does not compress", ignore }, async () => {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => Deno.upgradeWebSocket(request).response,
  );
  const program = await buildProgram("fanload");
  const row = rowOf("fan-out-deflate-1k-1000-one");
  const args = clientArgs(row, server.addr.port, { seconds: 0.5, wire: PROGRAM_WIRE });
  const client = startClient(program as string, args, { waits: true });
  const failure = client.report.catch((error: Error) => error.message);
  assertEquals(await client.ready, false);
  assertEquals(String(await failure).includes("no valid handshake"), true);
  await client.end();
  await server.shutdown();
});

const SMALLER = [
  ["fan-out-deflate-1k-1000-16", 0.4],
  ["fan-out-delta-8k-1000-one", 0.3], // each subscriber got one whole document, and few deltas in the time
] as const;
for (const [id, share] of SMALLER) {
  Deno.test({ name: `fanload reads what async-deno sends in the row ${id}`, ignore }, async () => {
    const row = rowOf(id);
    await Deno.mkdir(SCRATCH, { recursive: true });
    const found = await asyncDeno.find();
    if (isMissing(found)) throw new Error(found.missing);
    const port = freePort();
    const launch = await asyncDeno.launch(found, { port, workers: 1, work: row.work });
    const server = await ServerProcess.start(launch, port, row.work);
    try {
      const { errors, requests, wire } = await fanOut(port, row, asyncDeno.channels!);
      assertEquals([errors, requests > 0, requests % SUBSCRIBERS], [0, true, 0]);
      const measured = wire! / requests / row.payload;
      assertEquals(measured < share, true, `${measured} of the bytes`);
    } finally {
      await server.stop();
    }
  });
}
