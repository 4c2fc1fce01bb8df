/**
 * Whether the workers send by io_uring, which is found out once, at the start.
 *
 * In: a config. Out: whether they do, and a text for the operator. A kernel that
 * refuses it is a normal result: then each answer is a send(2) of its own.
 */

import { type Config, usesDenoTransport } from "../config/mod.ts";
import { openIoUring } from "../os/mod.ts";

/** The result. */
export interface IoUringUse {
  readonly isUsed: boolean;
  /** As `used`, or `not used: …`. */
  readonly text: string;
}

/** Finds out, by opening a ring and closing it. */
export function ioUringUse(config: Config): IoUringUse {
  const reason = reasonAgainst(config);
  return {
    isUsed: reason === undefined,
    text: reason === undefined ? "used" : `not used: ${reason}`,
  };
}

function reasonAgainst(config: Config): string | undefined {
  if (config.ioUring === "off") return "--io-uring off";
  if (config.tls.cert !== undefined) return "connections speak TLS";
  if (usesDenoTransport(config)) return "not on Deno's sockets";
  const opened = openIoUring();
  if (typeof opened === "string") return opened;
  opened.close();
  return undefined;
}
