/**
 * The module of the Web Worker that writes a log.
 *
 * In: its start, by message; lines and orders through shared memory. Out: the log's file, until the server has
 * ended. Started by log_thread_handle.ts; no file imports it.
 */

import { openLogFile } from "../os/logs.ts";
import { type LogStart, onStart, postToMain } from "../thread/mod.ts";
import { reasonOf } from "./log_file_error.ts";
import { LogWriter } from "./log_writer.ts";

onStart<LogStart>(({ target, limit, title, memory, descriptor }) => {
  const warn = (text: string) => postToMain({ type: "warning", text });
  const file = openLogFile({
    target,
    limit,
    keepsLast: false, // the main thread has opened it before
    ...(descriptor === undefined ? {} : { descriptor }),
    emptied: (reason) =>
      warn(`the ${title} was emptied at --log-size, because it cannot be renamed: ${reason}`),
  });
  const writer = new LogWriter({
    file,
    title,
    memory,
    warn,
    dropped: (lines) => postToMain({ type: "unwritten", lines }),
    reopened: (error) =>
      postToMain({ type: "reopened", fault: error === undefined ? null : reasonOf(error) }),
  });
  postToMain({ type: "ready" });
  writer.run();
  if (descriptor === undefined) file.close();
  postToMain({ type: "stopped" });
});
