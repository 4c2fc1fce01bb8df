/**
 * `async-deno channels history`: what a channel keeps.
 *
 * In: the name of a channel, and which part of its history. Out: one line of JSON for each publication on standard output. Longer
 * histories than one answer has are read page by page, from the last offset on.
 */

import {
  type Decoded,
  decodeShape,
  JSON_DEPTH,
  type JsonWriter,
  readList,
  readRaw,
  type Shape,
  text,
  unsigned,
} from "../../../protocol/json/mod.ts";
import { UsageError } from "../usage_error.ts";
import { ApiClient, ApiRefusal } from "./api_client.ts";
import { apiPlace } from "./api_place.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { CommandFailure, type CommandIo } from "./command_io.ts";
import { printLines } from "./print_lines.ts";

/** Publications of a page, at most; one that would be too long for an answer has fewer. */
const LARGEST_PAGE = 1_000;
/** The error of a position that the history does not have any more, or that has another epoch. */
const UNRECOVERABLE = 112;

const RESULT = {
  publications: { wire: "publications", read: readList(readRaw) },
  epoch: text("epoch"),
  offset: unsigned("offset", Number.MAX_SAFE_INTEGER),
} as const;
const PUBLICATION = { offset: unsigned("offset", Number.MAX_SAFE_INTEGER) } as const;

/** What the user asks for. */
interface Wish {
  readonly channel: string;
  readonly reverse: boolean;
  readonly limit: number;
}

/** Where a page begins; undefined: at the end of the history. */
interface Since {
  readonly offset: number | undefined;
  readonly epoch: string | undefined;
}

/** Prints it; the result is the exit code. @throws {UsageError} @throws {CommandFailure} */
export async function runHistory(args: CommandArguments, io: CommandIo): Promise<number> {
  const [channel] = args.positional as readonly [string];
  const limit = args.number("limit") ?? Infinity;
  const wish: Wish = { channel, limit, reverse: args.isOn("reverse") };
  const since: Since = { offset: args.number("since"), epoch: args.text("epoch") };
  if (since.epoch !== undefined && since.offset === undefined) {
    throw new UsageError("--epoch has no effect without --since");
  }
  using api = new ApiClient(await apiPlace(args, io));
  if (limit === 0) return await printPosition(api, wish, io);
  return await printPages(api, { wish, since }, io);
}

async function printPosition(api: ApiClient, { channel }: Wish, io: CommandIo): Promise<number> {
  const bytes = await api.call("history", (json) => json.name("channel").text(channel));
  const { offset = 0, epoch = "" } = decode(bytes, RESULT);
  return await io.print(JSON.stringify({ offset, epoch }));
}

async function printPages(
  api: ApiClient,
  { wish, since: { offset, epoch } }: { readonly wish: Wish; readonly since: Since },
  io: CommandIo,
): Promise<number> {
  const { limit, reverse } = wish;
  for (let printed = 0; printed < limit;) {
    const size = Math.min(LARGEST_PAGE, limit - printed);
    const page = await readPage(api, wish, { offset, epoch, size });
    const { publications = [] } = page;
    const code = await printLines(io, publications);
    // A page with fewer than asked for may have as many as fit into an answer.
    if (code !== 0 || publications.length === 0) return code;
    printed += publications.length;
    offset = decode(publications.at(-1)!, PUBLICATION).offset ?? 0;
    epoch = page.epoch;
    // Nothing can be before the first one.
    if (offset === (reverse ? 1 : page.offset)) return code;
  }
  return 0;
}

/** One page. @throws {CommandFailure} */
async function readPage(
  api: ApiClient,
  { channel, reverse }: Wish,
  { offset, epoch, size }: Since & { readonly size: number },
) {
  try {
    const bytes = await api.call("history", (json) => {
      json.name("channel").text(channel).name("limit").integer(size);
      if (reverse) json.name("reverse").flag(true);
      if (offset !== undefined) writeSince(json.name("since"), offset, epoch);
    });
    return decode(bytes, RESULT);
  } catch (error) {
    const isGone = error instanceof ApiRefusal && error.code === UNRECOVERABLE;
    // With an epoch, it may be another one.
    if (!isGone || offset === undefined || epoch !== undefined) throw error;
    throw new CommandFailure(
      `the history of ${channel} no longer has everything after offset ${offset}`,
    );
  }
}

function writeSince(json: JsonWriter, offset: number, epoch: string | undefined): void {
  json.openObject().name("offset").integer(offset);
  if (epoch !== undefined) json.name("epoch").text(epoch);
  json.closeObject();
}

function decode<S extends Shape>(bytes: Uint8Array, shape: S): Decoded<S> {
  return decodeShape({ bytes, start: 0, end: bytes.length, depth: JSON_DEPTH + 4 }, shape);
}
