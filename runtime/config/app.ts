/**
 * The config section for the app: the operator's own file of handlers.
 *
 * In: `--app` and the other options of apps. Out: plain data, a copy for each worker. Without `--app` there is no section.
 */

/** The app, and what it is asked. */
export interface AppConfig {
  /** The file as the operator wrote it; a relative path begins at the folder in which the server was started. */
  readonly file: string;
  /** A glob over the request's path: the app is asked for these alone; undefined: for all. */
  readonly path: string | undefined;
  /** Milliseconds that a handler may take to answer; then the client gets 504. 0: no limit. */
  readonly timeout: number;
  /** Whether the app is loaded again when a file of it changes. */
  readonly watch: boolean;
}

/** Defaults of {@link AppConfig}; `file` is always given. */
export const APP: AppConfig = {
  file: "",
  path: undefined,
  // nginx: proxy_read_timeout 60s; half of it, less than most clients wait.
  timeout: 30_000,
  watch: false,
};
