/**
 * Every option as one table. Each group of options is a file here; a new group joins the list below.
 *
 * ```ts
 * import { OPTIONS, variableOf } from "./mod.ts";
 * for (const { flag } of OPTIONS) console.log(`--${flag} or ${variableOf(flag)}`);
 * ```
 *
 * @module
 */

import { ACCESS_OPTIONS } from "./access.ts";
import { APP_OPTIONS, RELOADED_APP_OPTIONS } from "./app.ts";
import { CHANNEL_FLAGS } from "./channels.ts";
import { ENDPOINT_OPTIONS } from "./endpoints.ts";
import { FILE_OPTIONS } from "./files.ts";
import { LIMIT_OPTIONS } from "./limits.ts";
import { LISTEN_OPTIONS } from "./listen.ts";
import { LOG_OPTIONS } from "./log.ts";
import { MONITORING_OPTIONS } from "./monitoring.ts";
import type { Option } from "./option.ts";
import { TLS_OPTIONS } from "./tls.ts";

/** The options in the order of `--help`, group by group. */
export const OPTIONS: readonly Option[] = [
  ...LISTEN_OPTIONS,
  ...TLS_OPTIONS,
  ...APP_OPTIONS,
  ...FILE_OPTIONS,
  ...ENDPOINT_OPTIONS,
  ...ACCESS_OPTIONS,
  ...LOG_OPTIONS,
  ...MONITORING_OPTIONS,
  ...CHANNEL_FLAGS,
  ...LIMIT_OPTIONS,
];

/** The options that SIGHUP reloads; the others take a restart. See Executor.reload. */
export const RELOADED_OPTIONS: readonly Option[] = [
  ...FILE_OPTIONS,
  ...ENDPOINT_OPTIONS,
  ...RELOADED_APP_OPTIONS,
];

export { APP_OPTIONS } from "./app.ts";
export { CHANNEL_FLAGS } from "./channels.ts";
export { FILE_OPTIONS } from "./files.ts";
export { ARGUMENTS, IP, MAX_WORKERS, WORKERS } from "./listen.ts";
export {
  COMMANDS,
  type CommandWord,
  PROGRAM_FLAGS,
  type ProgramCommand,
  type ProgramFlag,
} from "./program.ts";
export {
  type MutableConfig,
  type Named,
  numberCodec,
  type NumberRow,
  type Option,
  variableOf,
} from "./option.ts";
