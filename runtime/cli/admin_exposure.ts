/**
 * Whether other machines can reach the admin server, which has no password.
 *
 * In: the config. Out: a warning for the operator, or none. An address of a private network is
 * reachable as well: only loopback is not.
 */

import { cidrContains, parseCidr, parseIpAddress } from "../../protocol/basics.ts";
import type { Config } from "../config/mod.ts";

/** The warning, or none. */
export function adminExposure({ monitoring }: Pick<Config, "monitoring">): string[] {
  const { admin, adminChannels } = monitoring;
  if (admin === undefined || isLoopback(admin.hostname)) return [];
  const channels = adminChannels
    ? [
      `--admin-channels: who reaches ${admin.hostname} may read and publish in every channel; use ` +
      "127.0.0.1",
    ]
    : [];
  return [
    ...channels,
    `--admin ${admin.hostname}: other machines can reach it, and it asks for no password ` +
    "(--basic-auth does not cover it); use 127.0.0.1, or let a firewall restrict it",
  ];
}

/** RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3. */
const LOOPBACK = ["127.0.0.0/8", "::1"].flatMap((text) => parseCidr(text) ?? []);

function isLoopback(hostname: string): boolean {
  const address = parseIpAddress(hostname);
  return address !== null && LOOPBACK.some((block) => cidrContains(block, address));
}
