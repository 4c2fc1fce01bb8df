/**
 * Opens a log's file: by libc, or by Deno's own calls if there is no libc.
 *
 * In: the target and its size limit. Out: the open file. Called by the main thread at the start, to report errors
 * and to keep the last file, and by the thread that writes it.
 */

import { hasLibc } from "./libc.ts";
import { LinuxLogFile } from "./linux_log_file.ts";
import type { LogFile, LogFileOptions } from "./log_file.ts";
import { PortableLogFile } from "./portable_log_file.ts";

/** Opens it. @throws {SystemError | Deno.errors} see {@link LinuxLogFile} */
export function openLogFile(options: LogFileOptions): LogFile {
  return hasLibc() ? new LinuxLogFile(options) : new PortableLogFile(options);
}
