/**
 * The interface of a measured server.
 *
 * Each server has its own file in this folder: how to find it, how to tune it as its manual says, and how
 * to start it. The programs that the servers run are in programs/.
 */

import { fileURLToPath } from "node:url";
import type { ChannelsWire, Delivery } from "../channels_wire.ts";
import { PEER_PACKAGES } from "../paths.ts";
import type { Work } from "../rows.ts";
import type { Launch } from "../server_process.ts";
import type { Missing } from "../tools.ts";

/** A server that is installed. */
export interface Found {
  /** The program to run. */
  readonly program: string;
  /** For the report. */
  readonly version: string;
}

/** The port, workers and work for which a server is started. */
export interface Place {
  /** On 127.0.0.1. */
  readonly port: number;
  /** Threads or processes. */
  readonly workers: number;
  /** The kind of work: files need the folder SITE, TLS the certificate, "log" an access log. */
  readonly work: Work;
  /** How many connections come, if that is more than a few hundred. */
  readonly connections?: number;
  /** The URL of the engine that its channels are in. */
  readonly engine?: string;
}

/** A server that can be measured. */
export interface Peer {
  /** Short, stable id, used by `--peers`, the targets and the JSON. */
  readonly id: string;
  /** The kinds of work that it can do, each with its label in the report. */
  readonly does: Readonly<Partial<Record<Work, string>>>;
  /** How its channels are used, if it can do that work. */
  readonly channels?: ChannelsWire;
  /** How its subscribers get publications, whatever the row says. */
  readonly delivery?: Delivery;
  /** Finds the program. */
  find(): Promise<Found | Missing>;
  /** Returns how to start it; may write its configuration first. */
  launch(found: Found, place: Place): Launch | Promise<Launch>;
}

/**
 * Copies the handlers of the rows with an app beside the installed packages, which they import by their names there.
 *
 * @param name of the copy that is started: app.mjs itself, or a program that imports it
 */
export function appPath(name: string): string {
  Deno.mkdirSync(PEER_PACKAGES, { recursive: true });
  for (const each of new Set(["app.mjs", name])) {
    const text = Deno.readTextFileSync(programPath(each)).replaceAll(/"npm:(\w+)@[\d.]+"/g, '"$1"');
    Deno.writeTextFileSync(PEER_PACKAGES + each, text);
  }
  return PEER_PACKAGES + name;
}

/** The path of a program in programs/. */
export function programPath(name: string): string {
  return fileURLToPath(new URL(`./programs/${name}`, import.meta.url));
}
