/** A rehearsal of an upgrade: all connections move, again and again, and nothing is left behind. */

import { assertEquals, assertGreater } from "@std/assert";
import {
  type RehearsedEndpoints,
  rehearsedEndpoints,
} from "../../../runtime/executor/rehearsed_endpoints.ts";
import { CHANNEL_OPTIONS, type Config, DEFAULT_CONFIG } from "../../../runtime/config/mod.ts";
import { rehearse } from "../../../runtime/native/mod.ts";
import { LogLabel } from "../../../runtime/observe/log/mod.ts";
import { createRouter } from "../../../runtime/serve/routes/mod.ts";
import type { Route, WebSocketHandler } from "../../../runtime/serve/session/mod.ts";
import { movingTalks } from "../../../runtime/native/rehearsal_talks.ts";
import { LinuxOs } from "../../../runtime/os/mod.ts";
import { createLogMemory, createSharedState, LogReader } from "../../../runtime/ring/mod.ts";
import "../../support/load_libc.ts";
import { openDescriptors, openedSince } from "../../support/open_descriptors.ts";

const SERVERS = 12;
const EMFILE = 24;
/** Milliseconds, also on a busy machine. */
const ENOUGH = 60_000;
const CONFIG: Config = { workers: 1, ...DEFAULT_CONFIG };
const WITH_CHANNELS: Config = {
  ...CONFIG,
  channels: {
    options: CHANNEL_OPTIONS,
    namespaces: {},
    allowAnonymousConnect: false,
    token: {
      ...{ hmacSecrets: [], publicKeyFiles: [] },
      ...{ jwksEndpoint: undefined, audience: undefined, issuer: undefined },
    },
    apiKey: undefined,
  },
};

/** Rehearses with both logs; returns how often a connection has moved, and how often one should have. */
async function moves(
  config: Config,
  calls: Partial<LinuxOs> = {},
  other: Partial<RehearsedEndpoints> = {},
  longest = ENOUGH,
): Promise<[number, number]> {
  const memory = createSharedState({ workers: 1 });
  const events = createLogMemory(1);
  const untouched = new Uint8Array(memory).slice();
  const { paths, ...endpoints } = { ...await rehearsedEndpoints(config), ...other };
  const moved = await rehearse({
    ...endpoints,
    paths,
    os: Object.assign(new LinuxOs(), calls),
    start: {
      ...{ worker: 0, memory, doorbells: [], config },
      logs: { events, accesses: createLogMemory(1) },
    },
  }, longest);
  assertEquals(new Uint8Array(memory), untouched, "the memory that all threads share");
  assertEquals(new LogReader(events, 0).take(), null, "lines in the event log");
  return [moved, SERVERS * movingTalks(paths).length];
}

for (const [what, config] of [["plain", CONFIG], ["with channels", WITH_CHANNELS]] as const) {
  Deno.test(`rehearsal: every connection moves to every server, ${what}`, async () => {
    const before = await openDescriptors();
    const [moved, all] = await moves(config);
    assertEquals(moved, all);
    assertEquals(await openedSince(before), []);
  });
}

Deno.test("rehearsal: channels bring clients and streams", async () => {
  const plain = movingTalks((await rehearsedEndpoints(CONFIG)).paths).length;
  assertGreater(movingTalks((await rehearsedEndpoints(WITH_CHANNELS)).paths).length, plain);
});

Deno.test("rehearsal: a kernel without descriptors costs the rehearsal, not the worker", async () => {
  const before = await openDescriptors();
  assertEquals((await moves(CONFIG, { eventfd: () => -EMFILE }))[0], 0);
  assertEquals(await openedSince(before), []);
});

Deno.test("rehearsal: ends although nobody is answered", async () => {
  const before = await openDescriptors();
  assertEquals((await moves(CONFIG, { accept: () => -EMFILE }, {}, 300))[0], 0);
  assertEquals(await openedSince(before), []);
});

Deno.test("rehearsal: ends although connections stay", async () => {
  const before = await openDescriptors();
  const echoing: WebSocketHandler = {
    opened() {},
    message: (peer) =>
      void peer.send(peer.opcode, peer.payload, peer.payloadStart, peer.payloadEnd),
  };
  const label = new LogLabel("/echo");
  const echo: Route = {
    ...{ label, methods: ["GET"], wantsBody: false },
    ...{ handle() {}, webSocket: echoing },
  };
  const [moved, all] = await moves(CONFIG, {}, { router: createRouter([["/echo", echo]]) });
  assertEquals([moved > 0, moved < all], [true, true]);
  assertEquals(await openedSince(before), []);
});
