/**
 * The section of the config about the folder that is served: what is in it, and what is said with it.
 *
 * In: the options of `--root` and its kin. Out: plain data, as each worker gets it.
 */

import type { FieldLine } from "../../protocol/mod.ts";

/** Cache-Control for the paths that match. */
export interface CacheRule {
  /** A glob over the request's path. */
  readonly pattern: string;
  /** The field's value. */
  readonly value: string;
}

/** The media type of the files that end so. */
export interface TypeRule {
  /** With its dot, in lower case. */
  readonly ending: string;
  /** The value of Content-Type. */
  readonly type: string;
}

/** What is served of a folder, and how. */
export interface FilesConfig {
  /** The folder; undefined: none is served. */
  readonly root: string | undefined;
  /** The first that matches counts. */
  readonly cache: readonly CacheRule[];
  /** The operator's own media types; the longest ending counts. */
  readonly types: readonly TypeRule[];
  /** Fields of every answer about a file; in place of a default of the same name. */
  readonly headers: readonly FieldLine[];
  /** The origin whose pages may read the answers, or `*`; undefined: none but our own. */
  readonly cors: string | undefined;
  /**
   * Whether what accepts HTML and finds no file is answered with /index.html, unless it ends as an asset does: the
   * application finds its way itself. The rules are in runtime/serve/files/spa_rules.ts.
   */
  readonly spa: boolean;
  /** Whether a folder without index.html is answered with what is in it. */
  readonly listing: boolean;
  /** Whether names that begin with a dot are served. */
  readonly hidden: boolean;
  /** Whether symbolic links may lead out of the folder. */
  readonly followLinks: boolean;
  /** Bytes of memory for files, their compressed forms and lists of folders, of all workers together. */
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
  // A site's hot pages, styles and scripts with room to spare; large files are not held at all.
  memoryBytes: 64 * 1024 * 1024,
  // nginx: open_file_cache max=1000 in most guides; all workers share one limit of descriptors.
  openFiles: 256,
};
