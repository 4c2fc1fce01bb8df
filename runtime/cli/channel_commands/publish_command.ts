/**
 * `async-deno channels publish`: publishes to a channel.
 *
 * In: JSON, from the argument or from standard input. Out: the result of the HTTP API, offset and epoch, on standard output.
 */

import { UsageError } from "../usage_error.ts";
import { ApiClient } from "./api_client.ts";
import { apiPlace } from "./api_place.ts";
import type { CommandArguments } from "./command_arguments.ts";
import type { CommandIo } from "./command_io.ts";
import { jsonArgument } from "./json_argument.ts";

/** Publishes; the result is the exit code. @throws {UsageError} @throws {CommandFailure} */
export async function runPublish(args: CommandArguments, io: CommandIo): Promise<number> {
  const [channel, text] = args.positional as readonly [string, string];
  const place = await apiPlace(args, io);
  const data = text === "-" ? await readData(io) : jsonArgument("the data", text);
  const key = args.text("conflation-key");
  using api = new ApiClient(place);
  const result = await api.call("publish", (json) => {
    json.name("channel").text(channel).name("data").raw(data);
    if (key !== undefined) json.name("key").text(key);
  });
  return await io.print(new TextDecoder().decode(result));
}

async function readData(io: CommandIo): Promise<Uint8Array> {
  const bytes = await io.readInput();
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError("the data on standard input must be JSON, and is not UTF-8");
  }
  return jsonArgument("the data on standard input", text);
}
