/**
 * The config section for metrics, health checks and the access log; all are off by default.
 *
 * In: nothing. Out: the section and its defaults.
 */

import type { LogTarget } from "./server.ts";

/** The formats of the access log. */
export const ACCESS_FORMATS = ["combined", "json"] as const;
/** The format of Apache and nginx, or one JSON object per line. */
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
  /** The address of the admin server; undefined: there is none, and nothing is measured. */
  readonly admin: ListenAddress | undefined;
  /** Whether the admin page lists channels by name, reads them, and publishes to them. */
  readonly adminChannels: boolean;
  /** The file to which the access log is appended, `-` for standard output, or `off`. */
  readonly accessLog: LogTarget;
  readonly accessLogFormat: AccessFormat;
}

/** Defaults of {@link Monitoring}. */
export const MONITORING: Monitoring = {
  // Metrics reveal much about a service, so serving them is a decision.
  admin: undefined,
  // Who can reach that address would read and publish in every channel.
  adminChannels: false,
  // Apache and nginx have one by default. Without an installation, nobody would look for the file.
  accessLog: "off",
  accessLogFormat: "combined",
};
