/**
 * `async-deno channels subscribe`: prints the publications of a channel as they come.
 *
 * In: the channel, and where the server is. Out: one line of JSON for each publication on standard output, until a signal, --limit or
 * the end of its reader; on a terminal, standard error shows meanwhile how many came. That is exit code 0.
 */

import type { CommandArguments } from "./command_arguments.ts";
import { CommandFailure, type CommandIo } from "./command_io.ts";
import { ServerSettings } from "./server_settings.ts";
import { Tail, type TailOutput } from "./tail.ts";
import { TailProgress } from "./tail_progress.ts";
import type { TailPosition } from "./tail_protocol.ts";
import { tokenSource } from "./tail_tokens.ts";
import { UsageError } from "../usage_error.ts";

/** Milliseconds that the end waits for a reader of standard output that does not read, and for the server's goodbye. */
const LAST_WAIT = 500;

/** Follows the channel; the result is the exit code. @throws {UsageError} @throws {CommandFailure} */
export async function runSubscribe(args: CommandArguments, io: CommandIo): Promise<number> {
  const [channel] = args.positional as readonly [string];
  const settings = new ServerSettings(args, io);
  const since = sinceOf(args);
  const limit = args.number("limit") ?? Infinity;
  const url = new URL("connection/websocket", settings.url());
  url.protocol = url.protocol.replace("http", "ws");
  const tokens = await tokenSource(args, io, { settings, channel });
  const { status } = io;
  const now = () => performance.now();
  const progress = status && new TailProgress({ limit, show: status, now });
  const output: TailOutput = progress === undefined
    ? { write: (bytes) => print(bytes, io), warn: io.warn }
    : {
      write: (bytes, count) => progress.around(count, () => print(bytes, io)),
      warn(text) {
        void progress.hide(); // the line follows on the same stream
        io.warn(text);
      },
    };
  const tail = new Tail({ channel, tokens, url, ca: settings.ca(), since, limit }, output);
  const stopped = Promise.withResolvers<void>();
  const stop = () => {
    tail.stop();
    setTimeout(stopped.resolve, LAST_WAIT);
  };
  // A terminal that is closed sends SIGHUP.
  io.signals.handle({ stop, reload: stop, upgrade: stop });
  try {
    await Promise.race([tail.run(), stopped.promise]);
    return 0;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return 0;
    throw error;
  } finally {
    await progress?.end();
  }
}

/** Writes publications. @throws {CommandFailure} if the disk is full @throws {Deno.errors.BrokenPipe} */
async function print(bytes: Uint8Array, io: CommandIo): Promise<void> {
  try {
    await io.write(bytes);
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe || !(error instanceof Error)) throw error;
    throw new CommandFailure(`cannot write to standard output: ${error.message}`);
  }
}

function sinceOf(args: CommandArguments): TailPosition | undefined {
  const [offset, epoch] = [args.number("since"), args.text("epoch")];
  if (offset !== undefined) return { offset, epoch };
  if (epoch !== undefined) throw new UsageError("--epoch has no effect without --since");
  return undefined;
}
