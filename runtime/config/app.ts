/**
 * The config section for the app: the operator's own file of handlers.
 *
 * In: `--app` and the other options of apps. Out: plain data, a copy for each worker. Without `--app` there is no section.
 */

/** What an app may be allowed: `all` is everything that the server itself may do. */
export const APP_RIGHTS = ["read", "write", "net", "env", "sys", "all"] as const;
/** One of {@link APP_RIGHTS}. */
export type AppRight = (typeof APP_RIGHTS)[number];

/** A right that the operator gives, as `net=localhost:5432`. */
export interface AppGrant {
  readonly right: AppRight;
  /** A folder or file, a host with or without a port, a variable; undefined: all of them. */
  readonly value: string | undefined;
}

/** The app, and what it is asked. */
export interface AppConfig {
  /** The file as the operator wrote it; a relative path begins at the folder in which the server was started. */
  readonly file: string;
  /** A glob over the request's path: the app is asked for these alone; undefined: for all. */
  readonly path: string | undefined;
  /** Milliseconds that a handler may take to answer; then the client gets 504. 0: no limit. */
  readonly timeout: number;
  /** Milliseconds that its `start` may take, at the start of the server, of a worker, and at a reload. */
  readonly startTimeout: number;
  /** Bytes that the app may hold in one worker, on V8's heap and in buffers; above it the worker is replaced. 0: no limit. */
  readonly memory: number;
  /** Whether the app is loaded again when a file of it changes. */
  readonly watch: boolean;
  /** What it may do, besides reading its own folder. */
  readonly allow: readonly AppGrant[];
}

/** Defaults of {@link AppConfig}; `file` is always given. */
export const APP: AppConfig = {
  file: "",
  path: undefined,
  // nginx: proxy_read_timeout 60s; half of it, less than most clients wait.
  timeout: 30_000,
  // A third of what systemd gives a service to start: TimeoutStartSec=90s.
  startTimeout: 30_000,
  memory: 0,
  watch: false,
  allow: [],
};

/** Whether the app may do everything that the server may. */
export function isUnrestricted({ allow }: AppConfig): boolean {
  return allow.some(({ right }) => right === "all");
}
