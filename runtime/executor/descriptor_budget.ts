/**
 * What the descriptors of the process are for.
 *
 * In: the config, and the limit of descriptors. Out: what a start takes, what is kept in reserve so that a
 * dead worker can be replaced and a log opened anew, and how many connections that leaves. Deno ends the
 * whole process if a thread that it starts gets no descriptor.
 */

import { type Config, usesDenoTransport } from "../config/mod.ts";
import { descriptorLimit, hasDescriptors } from "../os/mod.ts";

/** What a thread holds once it has started. Measured on 2.4.2 and 2.9.6, both transports: 7. */
const OF_A_THREAD = 7;
/** What it opens at once while it starts: those, and modules that are read. */
const STARTING_THREAD = 12;
/** What the main thread opens now and then: a log, a certificate, the configuration. */
const MAIN_THREAD = 2;
/** Those who look at metrics and at the live page, and the listener. */
const ADMIN_CLIENTS = 8;
/** The main thread, its runtime and its caches, with the listener. Measured: 24 to 32. */
const PROCESS = 32;

/** There are too few descriptors to start; the message is for the operator. */
export class DescriptorError extends Error {
  override name = "DescriptorError";
}

/**
 * No connection gets a descriptor of this number or a higher one: so that each worker can open a file, and --admin
 * answers at the limit too. Undefined: there is neither, or the limit is not known.
 */
export function connectionCeiling(config: Config): number | undefined {
  const others = forOthers(config);
  const limit = others === 0 ? undefined : descriptorLimit();
  return limit && limit.soft - others;
}

/** Whether a worker could be started now. */
export function canStartThread(): boolean {
  return hasDescriptors(STARTING_THREAD);
}

/** @throws {DescriptorError} if the threads of this config cannot all be started */
export function expectDescriptors(config: Config): void {
  const needed = ofThreads(config) + reservedDescriptors(config) + forOthers(config) + 1; // and one connection
  if (hasDescriptors(needed)) return;
  const { soft } = descriptorLimit() ?? {};
  throw new DescriptorError(
    `the limit of ${soft} open files is too low for ${config.workers} workers, which need about ` +
      `${needed + PROCESS}: ${HOW_TO_RAISE}, or start fewer workers`,
  );
}

/** A line for the operator if a limit leaves room for fewer connections than the config says. */
export function descriptorShortage(config: Config, limit: number): string[] {
  const { connections } = config.limits;
  const possible = connectionsWithin(config, limit);
  if (connections <= possible) return [];
  return [
    `--max-connections ${connections} is more than the limit of ${limit} open files leaves ` +
    `room for, about ${possible}: ${HOW_TO_RAISE}, or lower --max-connections`,
  ];
}

const HOW_TO_RAISE = "raise it (ulimit -n, LimitNOFILE= in a unit, --ulimit nofile= in Docker)";

/** Whether connections can take the descriptors that threads and files need, up to the last one. */
export function canRunOut(config: Config): boolean {
  const { soft } = descriptorLimit() ?? { soft: Infinity };
  return config.limits.connections > connectionsWithin(config, soft);
}

/** The limit that all connections of this config need. */
export function descriptorsFor(config: Config): number {
  return besideConnections(config) + config.limits.connections;
}

function connectionsWithin(config: Config, limit: number): number {
  return Math.max(0, limit - besideConnections(config));
}

function besideConnections(config: Config): number {
  const { files: { root, openFiles }, workers } = config;
  const kept = root === undefined ? 0 : openFiles * workers;
  return PROCESS + ofThreads(config) + reservedDescriptors(config) + forOthers(config) + kept;
}

/** Workers, and the acceptor where there is one. */
function ofThreads(config: Config): number {
  const threads = usesDenoTransport(config) ? config.workers : config.workers + 1;
  return threads * OF_A_THREAD;
}

/** How many are kept in reserve: see descriptor_reserve.ts. */
export function reservedDescriptors(config: Config): number {
  const { tls, workers } = config;
  const common = STARTING_THREAD + MAIN_THREAD;
  if (!usesDenoTransport(config)) return common;
  // Each has an accept under way that was begun when there was room, and one more listener for a moment
  // when the certificate changes.
  return common + workers + (tls.cert === undefined ? 0 : workers);
}

/** What connections leave: for a file of each worker, and for some clients of --admin. */
function forOthers({ files, monitoring, workers }: Config): number {
  return (files.root === undefined ? 0 : workers) +
    (monitoring.admin === undefined ? 0 : ADMIN_CLIENTS);
}
