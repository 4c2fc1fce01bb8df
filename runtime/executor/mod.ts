/**
 * The executor: binds the port, and starts, watches and stops the threads.
 *
 * ```ts
 * import { DEFAULT_CONFIG } from "../config/mod.ts";
 * import { Executor } from "./mod.ts";
 * const config = { ...DEFAULT_CONFIG, workers: 1, hostname: "127.0.0.1", port: 0, log: "off" };
 * const executor = await Executor.start(config, { warn: console.error });
 * executor.stop();
 * console.log(await executor.ended); // { failure: undefined }
 * ```
 *
 * @module
 */

export { ActivationError } from "./activation_error.ts";
export { AppError } from "./app_error.ts";
export { readAppOf } from "./app_reader.ts";
export { AdminError } from "./admin_error.ts";
export {
  DescriptorError,
  descriptorFault,
  descriptorsFor,
  descriptorShortage,
} from "./descriptor_budget.ts";
export { Executor, type ExecutorOptions, type ServerEnd } from "./executor.ts";
export { inspectEngineOf } from "./engine_inspection.ts";
export type { Handover } from "./handover_text.ts";
export { LogFileError } from "./log_file_error.ts";
export { type IoUringUse, ioUringUse } from "./io_uring_use.ts";
export { chooseTls, type TlsChoice } from "./tls_library.ts";
export { expectCertificates } from "./openssl_tls.ts";
export { Predecessor } from "./predecessor.ts";
export { Successor } from "./successor.ts";
export { UpgradeError } from "./upgrade_error.ts";
export { endOfUpgrade, successorOf } from "./upgrade_watch.ts";
export { readTlsMaterial, TlsError } from "./tls_material.ts";
export { serveThread } from "./serve_thread.ts";
