/**
 * The text of a systemd unit, which runs a service in a sandbox with only what a server needs.
 *
 * In: the service, see service.ts. Out: the unit's text. The sandbox leaves sockets, the files that the server
 * reads, and memory that V8 compiles into. `systemd-analyze security` rates the exposure OK.
 */

import type { Service } from "./service.ts";

/** The unit's text. */
export function systemdUnit(service: Service): string {
  const command = [quotedPath(service.executable), ...service.args.map(quotedArgument)].join(" ");
  return `# Printed by: ${[service.executable, "systemd", ...service.args].map(quoted).join(" ")}
# Write it to /etc/systemd/system/async-deno.service, then:
# systemctl daemon-reload && systemctl enable --now async-deno
[Unit]
Description=async-deno, an HTTP/1.1 and WebSocket server
Wants=network-online.target
After=network-online.target
# More often than a restart each second: only a socket unit, whose next connection starts a server with a wrong option at once.
StartLimitIntervalSec=60
StartLimitBurst=60

[Service]
# The server reports when it serves, reloads and stops.
Type=notify
ExecStart=${command}
ExecReload=/bin/kill -HUP $MAINPID
# Else systemd would not wait for a server that has replaced another one, but kill it: it is no child of systemd.
ExecStop=-/bin/sh -c '[ -n "$$MAINPID" ] && kill "$$MAINPID" && while readlink "/proc/$$MAINPID/exe" >/dev/null; do sleep 0.1; done'
# Every option is also a variable. The file wins over these lines, an argument above over both.
${service.variables.map(variableLine).join("\n")}
EnvironmentFile=-/etc/default/async-deno
# Again and again, until it serves: a port that is taken, or a full disk, may take longer than a few restarts.
Restart=on-failure
RestartSec=1
# A SIGHUP before the server handles signals ends it; systemd would count that as success.
RestartForceExitStatus=SIGHUP
# An option is wrong: a restart would not help.
RestartPreventExitStatus=2
# Longer than --drain-timeout.
TimeoutStopSec=${service.stopTimeout}
# More than --max-connections.
LimitNOFILE=${service.descriptors}
${service.folders.map((line) => `${line}\n`).join("")}
# Its own user, which owns nothing, but may listen on ports below 1024.
DynamicUser=yes
UMask=0077
AmbientCapabilities=CAP_NET_BIND_SERVICE
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
NoNewPrivileges=yes

# It can read files, but sees no home, no device and no other process.
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

# The allowed system calls. V8 compiles code at run time, so MemoryDenyWriteExecute cannot be set.
LockPersonality=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
# It reads and raises its own limit of descriptors.
SystemCallFilter=getrlimit prlimit64
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target`;
}

/** The executable of ExecStart: systemd expands percent signs in it, but no dollars. */
function quotedPath(path: string): string {
  return quoted(path.replaceAll("%", "%%"));
}

/** An argument of ExecStart: systemd expands percent signs and dollars in it. */
function quotedArgument(word: string): string {
  return quoted(word.replaceAll("%", "%%").replaceAll("$", "$$$$"));
}

/** A line of Environment=: systemd expands percent signs in it, but no dollars. */
function variableLine([name, value]: readonly [name: string, value: string]): string {
  return `Environment=${quoted(`${name}=${value}`.replaceAll("%", "%%"))}`;
}

/** A word quoted for systemd.syntax(7), if it contains blanks, quotes, semicolons or control characters. */
function quoted(word: string): string {
  if (/^[\w%$.,:=/@+-]+$/.test(word)) return word;
  const inQuotes = word.replaceAll(/["\\]/g, "\\$&")
    // deno-lint-ignore no-control-regex -- these are what is written as an escape
    .replaceAll(/[\x01-\x1f\x7f]/g, (character) => {
      return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
    });
  return `"${inQuotes}"`;
}
