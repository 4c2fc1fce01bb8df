/**
 * The config section for the served folder and its responses.
 *
 * In: `--root` and the other options of files. Out: plain data, a copy for each worker.
 */

import type { FieldLine } from "../../protocol/mod.ts";

/** Cache-Control for the paths that match. */
export interface CacheRule {
  /** A glob over the request's path. */
  readonly pattern: string;
  /** The field's value. */
  readonly value: string;
}

/** The media type of files with one ending. */
export interface TypeRule {
  /** With its dot, in lower case. */
  readonly ending: string;
  /** The value of Content-Type. */
  readonly type: string;
}

/** Which files of a folder are served, and with which header fields. */
export interface FilesConfig {
  /** The folder; undefined: no files are served. */
  readonly root: string | undefined;
  /** The first matching rule applies. */
  readonly cache: readonly CacheRule[];
  /** The operator's own media types; the longest matching ending applies. */
  readonly types: readonly TypeRule[];
  /** Header fields of every file response; each replaces a default of the same name. */
  readonly headers: readonly FieldLine[];
  /** The origin whose pages may read the responses, or `*`; undefined: the same origin only. */
  readonly cors: string | undefined;
  /**
   * Whether a request that accepts HTML and finds no file is answered with /index.html, except for the
   * names of assets; for applications that route in the browser. See runtime/serve/files/spa_rules.ts.
   */
  readonly spa: boolean;
  /** Whether a folder without index.html is answered with a listing. */
  readonly listing: boolean;
  /** Whether files whose names begin with a dot are served. */
  readonly hidden: boolean;
  /** Whether symbolic links may lead out of the folder. */
  readonly followLinks: boolean;
  /** Bytes of memory for files, their compressed forms and listings, for all workers together. */
  readonly memoryBytes: number;
  /** Files that each worker keeps open. */
  readonly openFiles: number;
}

/** Defaults of {@link FilesConfig}. */
export const FILES: FilesConfig = {
  root: undefined,
  cache: [],
  types: [],
  headers: [],
  cors: undefined,
  spa: false,
  listing: false,
  hidden: false,
  followLinks: false,
  // Enough for a site's hot pages, styles and scripts; large files are never kept in memory.
  memoryBytes: 64 * 1024 * 1024,
  // nginx: open_file_cache max=1000 in most guides; all workers share one limit of descriptors.
  openFiles: 256,
};
