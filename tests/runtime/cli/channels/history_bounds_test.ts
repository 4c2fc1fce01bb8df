/** Warnings about histories that no client recovers whole, or that the memory of the channels does not hold. */

import { assertEquals } from "@std/assert";
import { createChannelMemory, openChannelStore } from "../../../../runtime/channels/mod.ts";
import { historyBounds } from "../../../../runtime/cli/channels/mod.ts";
import {
  CHANNEL_LIMITS,
  CHANNEL_OPTIONS,
  type ChannelLimits,
  type ChannelOptions,
  type Config,
  NO_TOKENS,
} from "../../../../runtime/config/mod.ts";

const MEBIBYTE = 1024 * 1024;

function warningsOf(
  options: Partial<ChannelOptions>,
  limits: Partial<ChannelLimits> = {},
  more: Partial<Config> = {},
): string[] {
  const chat = { ...CHANNEL_OPTIONS, historyTime: 60_000, ...options };
  return historyBounds({
    channels: {
      options: CHANNEL_OPTIONS,
      namespaces: { chat },
      allowAnonymousConnect: true,
      token: NO_TOKENS,
      apiKey: undefined,
    },
    channelLimits: { ...CHANNEL_LIMITS, ...limits },
    engine: undefined,
    ...more,
  });
}

Deno.test("history bounds: a history that is longer than a recovery is named, if clients recover", () => {
  const warning = "[channels.namespaces.chat] history_size = 10001: a client recovers at most " +
    "10000 publications; if it missed more, it is told that they are lost; " +
    "see --max-recovery and --max-recovery-size";
  const rows: [options: Partial<ChannelOptions>, warnings: string[]][] = [
    [{ historySize: 10_001, allowRecovery: true }, [warning]],
    [{ historySize: 10_001, forceRecovery: true }, [warning]],
    [{ historySize: 10_000, allowRecovery: true }, []],
    // Pages of it may be read.
    [{ historySize: 10_001 }, []],
    [{}, []],
  ];
  for (const [options, warnings] of rows) {
    assertEquals(warningsOf(options), warnings, JSON.stringify(options));
  }
  const more = { historyPublications: 20_000 };
  assertEquals(warningsOf({ historySize: 10_001, allowRecovery: true }, more), []);
});

Deno.test("history bounds: a publication may be longer than a recovery", () => {
  const limits = { publicationBytes: 2 * MEBIBYTE, memoryBytes: 256 * MEBIBYTE };
  const warning = "--max-publication is more than --max-recovery-size, 1048576 bytes: " +
    "a publication of more than that is lost to every client that comes back";
  assertEquals(warningsOf({ historySize: 1, allowRecovery: true }, limits), [warning]);
  assertEquals(warningsOf({ historySize: 1 }, limits), []);
  const both = { ...limits, historyBytes: 2 * MEBIBYTE };
  assertEquals(warningsOf({ historySize: 1, allowRecovery: true }, both), []);
});

Deno.test("history bounds: a history that the memory does not hold is named, unless an engine has it", () => {
  const warning = "[channels.namespaces.chat] history_size = 1000000: so many publications of " +
    "64 bytes take 107 MiB, and --channels-memory is 64 MiB: the oldest ones go when it is full";
  assertEquals(warningsOf({ historySize: 1_000_000 }), [warning]);
  assertEquals(warningsOf({ historySize: 500_000 }), []);
  const limits = { memoryBytes: 128 * MEBIBYTE };
  assertEquals(warningsOf({ historySize: 1_000_000 }, limits), []);
  const engine = "redis://127.0.0.1/0";
  assertEquals(warningsOf({ historySize: 1_000_000 }, {}, { engine }), []);
  assertEquals(warningsOf({ historySize: 1_000_000 }, {}, { channels: undefined }), []);
});

Deno.test("history bounds: a publication may be longer than the memory takes in one piece", () => {
  const random = new Uint32Array(7);
  for (const memoryBytes of [MEBIBYTE, 64 * MEBIBYTE]) {
    const [least, most] = [Math.floor(memoryBytes / 66), Math.floor(memoryBytes / 64)];
    const memory = createChannelMemory({ bytes: memoryBytes, workers: 2, random });
    const { maxEntryBytes } = openChannelStore(memory, { writer: 0, now: () => 0, ring() {} });
    assertEquals(maxEntryBytes > 0.95 * least && maxEntryBytes < most, true, `${maxEntryBytes}`);
    const of = (publicationBytes: number) =>
      warningsOf({}, { memoryBytes, publicationBytes, historyBytes: memoryBytes });
    assertEquals(of(least), []);
    assertEquals(of(least + 1), [
      `--max-publication is ${
        least + 1
      } bytes, and --channels-memory has room for about ${least} ` +
      "in one publication: a longer one is answered with error 107; " +
      "--channels-memory must be 66 times --max-publication",
    ]);
  }
});
