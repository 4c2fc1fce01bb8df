/**
 * What the server tells of itself, to whom; all of it off unless asked for.
 *
 * In: nothing. Out: the section and its defaults.
 */

import type { LogTarget } from "./server.ts";

/** The forms of a line of the access log. */
export const ACCESS_FORMATS = ["combined", "json"] as const;
/** As Apache and nginx write it, or an object of JSON a line. */
export type AccessFormat = (typeof ACCESS_FORMATS)[number];

/** An address to listen on. */
export interface ListenAddress {
  /** IPv4 or IPv6. */
  readonly hostname: string;
  /** 0–65535; 0 takes a free one. */
  readonly port: number;
}

/** Metrics, health and the access log. */
export interface Monitoring {
  /** Where metrics, health and the live page are served; undefined: nowhere, and nothing is measured. */
  readonly admin: ListenAddress | undefined;
  /** Where the access log goes: appended to a file, `-` for standard output, or `off`. */
  readonly accessLog: LogTarget;
  readonly accessLogFormat: AccessFormat;
}

/** Defaults of {@link Monitoring}. */
export const MONITORING: Monitoring = {
  // Who sees the metrics learns much of the service: so it is a decision.
  admin: undefined,
  // Apache and nginx write one. Here it would be a file that grows where nobody looks for it.
  accessLog: "off",
  accessLogFormat: "combined",
};
