/**
 * Counts, logs and reports a connection that was refused before a request because of TLS, on both transports.
 *
 * In: the connection, and what was wrong. Out: a count, a line in the log, and for plain text a warning: that is
 * usually a mistake that the operator can fix. A failed handshake is the client's fault, and common on a public
 * port.
 */

import type { EventLog } from "../../observe/log/mod.ts";
import { COLUMN, type Counters } from "../../ring/mod.ts";
import type { Warnings } from "../../thread/mod.ts";

/** Where it is reported: a WorkerCore. */
export interface RefusalReporter {
  readonly counters: Counters;
  readonly log: EventLog;
  readonly warnings: Warnings;
}

/** A refused connection. */
export interface TlsRefusal {
  readonly descriptor: number;
  /** Whether the client began TLS; else it sent plain text. */
  readonly isTls: boolean;
  /** For the log. */
  readonly reason: string;
}

/** Reports a refused connection. */
export function noteTlsRefusal(
  { counters, log, warnings }: RefusalReporter,
  { descriptor, isTls, reason }: TlsRefusal,
): void {
  const code = isTls ? "TLS_HANDSHAKE" : "PLAIN_TEXT";
  counters.add(isTls ? COLUMN.refusedTlsHandshake : COLUMN.refusedPlainText, 1);
  log.note("TLS", `fd=${descriptor} refused ${code} ${reason}`);
  if (isTls) return;
  warnings.say(
    code,
    "closed a connection that does not speak TLS, most likely http:// instead of https://: " +
      "--redirect-http redirects clients from a plain HTTP port to this one",
  );
}
