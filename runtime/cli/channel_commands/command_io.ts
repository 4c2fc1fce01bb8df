/**
 * What a command reads and writes besides its arguments, and how it fails.
 *
 * In: nothing. Out: the interface that main.ts provides, so that commands know no stream of the process, and the error of a server
 * that does not do what was asked.
 */

import type { Signals } from "../../signals.ts";
import type { ConfigPlaces } from "../read_config_file.ts";

/** The surroundings of a command. */
export interface CommandIo extends ConfigPlaces {
  /** Standard input, whole. */
  readInput(): Promise<Uint8Array>;
  /** Prints a text and a line end; the result is the exit code. */
  print(text: string): Promise<number>;
  /** Writes bytes to standard output. @throws {Deno.errors.BrokenPipe} if its reader has ended */
  write(bytes: Uint8Array): Promise<void>;
  /** Prints a line to standard error. */
  warn(text: string): void;
  /**
   * Shows a text on standard error in place of the one before, empty: nothing; fulfilled when it is there. Absent: it is no terminal, and
   * shows nothing but lines.
   */
  readonly status?: ((text: string) => Promise<void>) | undefined;
  /** The signals of the process, which nobody handles yet. */
  readonly signals: Signals;
}

/** The server was not reached, or refused; the message is one line for the user. Exit code 1. */
export class CommandFailure extends Error {
  override name = "CommandFailure";
}
