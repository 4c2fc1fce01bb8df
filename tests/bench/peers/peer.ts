/**
 * What the harness wants of a server that is measured.
 *
 * Each server has its own file beside this one, which knows where the server is found, how its manual
 * says that it is made fast, and how it is started. What it answers stands in programs/.
 */

import { fileURLToPath } from "node:url";
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

/** Where and how wide a server is to run. */
export interface Place {
  /** On 127.0.0.1. */
  readonly port: number;
  /** Threads or processes. */
  readonly workers: number;
  /** What it is to do: files want the folder SITE, TLS the certificate. */
  readonly work: Work;
}

/** A server that can be measured. */
export interface Peer {
  /** Short and stable: `--peers`, targets and the JSON go by it. */
  readonly id: string;
  /** The kinds of work that it does, each with the name that the report gives it there. */
  readonly does: Readonly<Partial<Record<Work, string>>>;
  /** Looks for it. */
  find(): Promise<Found | Missing>;
  /** How to start it; may write its configuration first. */
  launch(found: Found, place: Place): Launch | Promise<Launch>;
}

/** The path of a server program of ours in programs/. */
export function programPath(name: string): string {
  return fileURLToPath(new URL(`./programs/${name}`, import.meta.url));
}
