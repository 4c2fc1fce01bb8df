/**
 * The option that a wrong name most likely means: a typo of ours, or another server's name for it.
 *
 * In: the name as it was written, without dashes or prefix, the flags there are, and other names for them. Out: one of
 * those flags, or undefined if none is likely. Serves flags, variables and keys of a file alike.
 */

import { nearest } from "../spelling/mod.ts";

/** Names that other programs use, by our flag. */
export type Synonyms = Readonly<Record<string, readonly string[]>>;

/** Names that other servers use. */
export const FLAG_SYNONYMS: Synonyms = {
  "admin": ["metrics", "metrics-port", "prometheus", "status", "stats", "dashboard"],
  "basic-auth": ["auth", "user", "username", "password", "htpasswd", "basicauth"],
  "body-rate": ["min-rate"],
  "cache": ["cache-control", "max-age", "expires"],
  "check": ["test", "dry-run", "validate", "configtest"],
  "config": ["conf", "configuration", "config-file", "settings"],
  "cors": ["allow-origin", "access-control-allow-origin"],
  "drain-timeout": ["grace", "grace-period", "shutdown-timeout", "stop-timeout"],
  "follow-links": ["symlinks", "follow-symlinks", "symlink", "follow"],
  "head-timeout": ["header-timeout", "read-header-timeout", "client-header-timeout"],
  "header": ["headers", "add-header"],
  "hidden": ["dotfiles", "dot-files"],
  "idle-timeout": ["keepalive-timeout", "keep-alive", "keep-alive-timeout", "timeout"],
  "ip": ["host", "hostname", "bind", "address", "addr", "listen", "interface"],
  "listing": ["autoindex", "browse", "list", "dir-listing", "directory-listing", "index"],
  "log": ["logfile", "log-file", "error-log", "event-log", "verbose", "quiet", "silent"],
  "max-body": ["client-max-body-size", "body-limit", "max-body-size", "max-upload"],
  "max-head": ["max-header-size", "max-http-header-size", "max-headers"],
  "max-message": ["max-payload", "max-message-size"],
  "max-memory": ["memory", "memory-limit", "max-mem"],
  "origin": ["origins", "allowed-origins", "allow-origins"],
  "root": ["dir", "directory", "docroot", "document-root", "folder", "public", "static", "www"],
  "spa": ["single", "fallback", "try-files", "rewrite"],
  "tls-cert": [
    "cert",
    "certificate",
    "ssl-cert",
    "ssl-certificate",
    "tls-certificate",
    "ssl",
  ],
  "tls-key": ["key", "private-key", "ssl-key", "ssl-certificate-key"],
  "trust-proxy": ["trusted-proxies", "trusted-proxy", "real-ip", "set-real-ip-from"],
  "unix": ["socket", "unix-socket", "sock", "uds"],
  "unix-mode": ["socket-mode"],
  "version": ["ver"],
  "websocket-compression": ["compression", "permessage-deflate", "per-message-deflate", "deflate"],
  "workers": ["threads", "jobs", "processes", "cpus", "cores", "worker-processes"],
  "write-timeout": ["send-timeout"],
};

/** The flag that was most likely meant. */
export function likelyFlag(
  written: string,
  flags: readonly string[],
  synonyms: Synonyms = FLAG_SYNONYMS,
): string | undefined {
  const name = written.toLowerCase().replaceAll("_", "-");
  const flag = Object.keys(synonyms).find((flag) => synonyms[flag]!.includes(name));
  return flag !== undefined && flags.includes(flag) ? flag : nearest(name, flags);
}
