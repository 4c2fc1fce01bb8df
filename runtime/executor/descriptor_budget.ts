/**
 * How the limit of descriptors is divided between threads, files, the reserve and connections.
 *
 * In: the config, and the limit of descriptors. Out: how many a start needs, how many are kept in reserve to
 * replace a dead worker or to reopen a log, and how many connections that leaves. It matters because
 * Deno ends the whole process if a thread that it starts gets no descriptor.
 */

import { type Config, MAX_REFUSED, usesDenoTransport, workerSlots } from "../config/mod.ts";
import { descriptorLimit, hasDescriptors, hasDescriptorsAtStart } from "../os/mod.ts";

/** Descriptors of a thread that has started. Measured on 2.4.2 and 2.9.6, both transports: 7. */
const PER_THREAD = 7;
/** Of a worker with an app: what wakes it while Deno's event loop runs (native/deno_wait.ts). */
const PER_APP_WAIT = 4;
/** Descriptors that a thread has open at once while it starts: those, its ring, and modules that are read. */
const STARTING_THREAD = 13;
/** Descriptors that the main thread opens for a short time: a log, a certificate, the configuration. */
const MAIN_THREAD = 2;
/** Clients of the metrics and of the live page, and the listener. */
const ADMIN_CLIENTS = 8;
/** Of each webhook: its connection, and a new one while the old one is closing. */
const PER_WEBHOOK = 2;
/** Descriptors of the main thread, its runtime, its caches and the listener. Measured: 24 to 32. */
const PROCESS = 32;

/** The limit of descriptors is too low to start; the message is for the operator. */
export class DescriptorError extends Error {
  override name = "DescriptorError";
}

/**
 * No connection gets a descriptor of this number or a higher one, so that each worker can open a file and ask a backend, --admin answers, and
 * webhooks are sent, even at the limit. Undefined: there is none of these, or the limit is unknown.
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

/**
 * Called before the server opens anything: an error of listening would not name the limit.
 *
 * @throws {DescriptorError} if the threads of this config cannot all be started
 */
export function expectDescriptors(config: Config): void {
  if (hasDescriptorsAtStart(neededAtStart(config))) return;
  throw new DescriptorError(tooFew(config, descriptorLimit()?.soft ?? 0));
}

/** For `--check`: the message of {@link expectDescriptors} after this process has raised its limit; undefined: it can start. */
export function descriptorFault(config: Config): string | undefined {
  const { soft, hard } = descriptorLimit() ?? { soft: Infinity, hard: Infinity };
  const canStart = hard === Infinity ||
    hasDescriptorsAtStart(neededAtStart(config) - (hard - soft));
  return canStart ? undefined : tooFew(config, hard);
}

function neededAtStart(config: Config): number {
  return ofMainThread(config) + ofThreads(config) + reservedDescriptors(config) +
    forOthers(config) + 1; // and one connection
}

function tooFew(config: Config, limit: number): string {
  const { workers } = config;
  const asked = requestsOf(config);
  const share = asked === 0
    ? ""
    : `, ${asked * workers} of them for max_requests = ${asked} of [channels.proxy]`;
  const lower = asked === 0 ? "" : "lower max_requests, ";
  return `the limit of ${limit} open files is too low for ${workers} workers, which need about ` +
    `${neededAtStart(config) + PROCESS}${share}: ${HOW_TO_RAISE}, ${lower}or start fewer workers`;
}

/** A line for the operator if a limit leaves room for fewer connections than the config allows. */
export function descriptorShortage(config: Config, limit: number): string[] {
  const { connections } = config.limits;
  const possible = connectionsWithin(config, limit);
  if (connections <= possible) return [];
  return [
    `--max-connections ${connections}: the limit of ${limit} open files has room for about ` +
    `${possible} connections: ${HOW_TO_RAISE}, or lower --max-connections` +
    (requestsOf(config) === 0 ? "" : " or max_requests of [channels.proxy]"),
  ];
}

const HOW_TO_RAISE = "raise it (ulimit -n, LimitNOFILE= in a unit, --ulimit nofile= in Docker)";

/** Whether connections can use up the descriptors that threads and files need. */
export function canRunOut(config: Config): boolean {
  const { soft } = descriptorLimit() ?? { soft: Infinity };
  return descriptorsFor(config) > soft;
}

/** The limit of descriptors that this config needs with all its connections, and those that it refuses. */
export function descriptorsFor(config: Config): number {
  return besideConnections(config) + config.limits.connections + config.workers * MAX_REFUSED;
}

function connectionsWithin(config: Config, limit: number): number {
  return Math.max(0, limit - besideConnections(config));
}

function besideConnections(config: Config): number {
  const { files: { openFiles }, workers } = config;
  const kept = foldersOf(config) * openFiles * workers;
  return PROCESS + ofThreads(config) + reservedDescriptors(config) + forOthers(config) + kept;
}

/** What the main thread opens at the start, besides the reserve: the listener, the doorbells, and the stop bell. */
function ofMainThread(config: Config): number {
  return 1 + (usesDenoTransport(config) ? 0 : workerSlots(config) + 1);
}

/** The workers and their rings of io_uring, the acceptor if there is one, and the threads that write the logs. */
function ofThreads(config: Config): number {
  const { log, monitoring: { accessLog }, workers } = config;
  const acceptors = usesDenoTransport(config) ? 0 : 1;
  const rings = usesDenoTransport(config) ? 0 : workers;
  const slots = workerSlots(config);
  const waits = config.app === undefined || usesDenoTransport(config) ? 0 : slots * PER_APP_WAIT;
  const writers = [log, accessLog].filter((target) => target !== "off").length;
  // Each writer has its file.
  return (slots + acceptors + writers) * PER_THREAD + rings + waits + writers;
}

/** How many are kept in reserve: see descriptor_reserve.ts. */
export function reservedDescriptors(config: Config): number {
  const { tls, workers } = config;
  const common = STARTING_THREAD + MAIN_THREAD;
  if (!usesDenoTransport(config)) return common;
  // Each worker has a pending accept that began while descriptors were free, and a second listener for a
  // moment when the certificate changes.
  return common + workers + (tls.cert === undefined ? 0 : workers);
}

/** The folders from which each worker may send files: that of --root, and the app's. */
function foldersOf({ app, files: { root } }: Config): number {
  return (root === undefined ? 0 : 1) + (app === undefined ? 0 : 1);
}

/** Descriptors that connections do not get: a file for each worker and folder, some clients of --admin, webhooks, and requests to the backend of the proxy. */
function forOthers(config: Config): number {
  const webhooks = (config.channels?.pusher ?? []).flatMap((app) => app.webhooks);
  return (foldersOf(config) + requestsOf(config)) * config.workers + webhooks.length * PER_WEBHOOK +
    (config.monitoring.admin === undefined ? 0 : ADMIN_CLIENTS);
}

/** Requests to the backend of the proxy, of each worker. */
function requestsOf({ channels }: Config): number {
  return channels?.proxy?.requests ?? 0;
}
