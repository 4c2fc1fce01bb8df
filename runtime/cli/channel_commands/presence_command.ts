/**
 * `async-deno channels presence`: who is present in a channel.
 *
 * In: the name of a channel. Out: one line of JSON for each client on standard output, or how many they are.
 */

import { decodeShape, JSON_DEPTH, readMap, readRaw } from "../../../protocol/json/mod.ts";
import { ApiClient } from "./api_client.ts";
import { apiPlace } from "./api_place.ts";
import type { CommandArguments } from "./command_arguments.ts";
import type { CommandIo } from "./command_io.ts";
import { printLines } from "./print_lines.ts";

const RESULT = { presence: { wire: "presence", read: readMap(readRaw) } } as const;

/** Prints it; the result is the exit code. @throws {UsageError} @throws {CommandFailure} */
export async function runPresence(args: CommandArguments, io: CommandIo): Promise<number> {
  const [channel] = args.positional as readonly [string];
  const isCount = args.isOn("stats");
  using api = new ApiClient(await apiPlace(args, io));
  const method = isCount ? "presence_stats" : "presence";
  const bytes = await api.call(method, (json) => json.name("channel").text(channel));
  if (isCount) return await io.print(new TextDecoder().decode(bytes));
  const slice = { bytes, start: 0, end: bytes.length, depth: JSON_DEPTH + 3 };
  const { presence } = decodeShape(slice, RESULT);
  return await printLines(io, [...(presence ?? new Map()).values()]);
}
