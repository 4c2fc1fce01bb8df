/**
 * `async-deno systemd [ARGUMENTS]`: a unit that runs the server with those arguments, and with
 * nothing else that a server needs not.
 *
 * In: the executable and its arguments. Out: the unit's text. The sandbox is systemd's: what is left
 * is sockets, the files it reads, and memory that V8 may compile into. `systemd-analyze security`
 * calls the rest of the exposure OK.
 */

/** Where install.sh puts it. */
export const INSTALLED = "/usr/local/bin/async-deno";

/** Where the unit's sandbox has nothing: see ProtectHome and PrivateTmp below. */
const HIDDEN = /^\/(home|root|run\/user|tmp|var\/tmp)\//;

/** The unit; an executable that it could not see is taken to be installed by then. */
export function systemdUnit(path: string, args: readonly string[]): string {
  const executable = HIDDEN.test(path) ? INSTALLED : path;
  return `# ${INSTALLED} systemd > /etc/systemd/system/async-deno.service
# systemctl daemon-reload && systemctl enable --now async-deno
[Unit]
Description=async-deno, an HTTP/1.1 and WebSocket server
Wants=network-online.target
After=network-online.target
# Five failures within a minute, and it stays down for somebody to look at.
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
Type=exec
ExecStart=${[executable, ...args].map(quoted).join(" ")}
ExecReload=/bin/kill -HUP $MAINPID
# Every option is a variable too: these lines, then that file; an argument above wins.
Environment=ASYNC_DENO_LOG=off
EnvironmentFile=-/etc/default/async-deno
Restart=on-failure
# The command line is wrong: starting again would not mend it.
RestartPreventExitStatus=2
# Longer than --drain-timeout.
TimeoutStopSec=15
LimitNOFILE=65536

# A user of its own, which owns nothing; ports below 1024 all the same.
DynamicUser=yes
UMask=0077
AmbientCapabilities=CAP_NET_BIND_SERVICE
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
NoNewPrivileges=yes

# What it sees of the machine: files to read, but no home, no device and no other process.
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateMounts=yes
ProtectProc=invisible
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RemoveIPC=yes

# What it may ask of the kernel. V8 makes code as it runs, so MemoryDenyWriteExecute cannot be set.
LockPersonality=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target`;
}

/** A word of ExecStart: percent and dollar are systemd's, quotes and blanks end a word. */
function quoted(word: string): string {
  const escaped = word.replaceAll("%", "%%").replaceAll("$", "$$$$");
  if (/^[\w%$.,:=/@+-]+$/.test(escaped)) return escaped;
  const inQuotes = escaped.replaceAll(/["\\]/g, "\\$&").replaceAll("\n", "\\n");
  return `"${inQuotes}"`;
}
