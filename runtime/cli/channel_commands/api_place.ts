/**
 * Where the HTTP API is, and its key, for the commands that use it.
 *
 * In: their flags, and the configuration file. Out: the place; nothing was connected to yet.
 */

import type { ApiPlace } from "./api_client.ts";
import type { CommandArguments } from "./command_arguments.ts";
import type { CommandIo } from "./command_io.ts";
import { ServerSettings } from "./server_settings.ts";

/** The place. @throws {UsageError} */
export async function apiPlace(args: CommandArguments, io: CommandIo): Promise<ApiPlace> {
  const settings = new ServerSettings(args, io);
  return { url: settings.url(), ca: settings.ca(), key: await settings.apiKey() };
}
