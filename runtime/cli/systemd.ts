/**
 * The text of a unit: runs a service in a sandbox that has nothing but what a server needs.
 *
 * In: the service, see service.ts. Out: the unit's text. The sandbox is systemd's: what is left
 * is sockets, the files it reads, and memory that V8 may compile into. `systemd-analyze security`
 * calls the rest of the exposure OK.
 */

import type { Service } from "./service.ts";

/** The unit's text. */
export function systemdUnit(service: Service): string {
  const command = [quotedPath(service.executable), ...service.args.map(quotedArgument)].join(" ");
  return `# Printed by: ${[service.executable, "systemd", ...service.args].map(quoted).join(" ")}
# Put it into /etc/systemd/system/async-deno.service, then:
# systemctl daemon-reload && systemctl enable --now async-deno
[Unit]
Description=async-deno, an HTTP/1.1 and WebSocket server
Wants=network-online.target
After=network-online.target
# Five failures within a minute, and it stays down for somebody to look at.
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
# It tells when it serves, reloads and stops.
Type=notify
ExecStart=${command}
ExecReload=/bin/kill -HUP $MAINPID
# Every option is a variable too: these lines, then that file; an argument above wins.
${service.variables.map(variableLine).join("\n")}
EnvironmentFile=-/etc/default/async-deno
Restart=on-failure
# A SIGHUP before it listens to signals ends it, which systemd would take for a good end.
RestartForceExitStatus=SIGHUP
# The command line is wrong: starting again would not mend it.
RestartPreventExitStatus=2
# Longer than --drain-timeout.
TimeoutStopSec=${service.stopTimeout}
# More than --max-connections.
LimitNOFILE=${service.descriptors}
${service.folders.map((line) => `${line}\n`).join("")}
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
# It asks for its own limit of descriptors.
SystemCallFilter=getrlimit prlimit64
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target`;
}

/** The executable of ExecStart, in which a dollar is a dollar. */
function quotedPath(path: string): string {
  return quoted(path.replaceAll("%", "%%"));
}

/** An argument of ExecStart: percent and dollar are systemd's. */
function quotedArgument(word: string): string {
  return quoted(word.replaceAll("%", "%%").replaceAll("$", "$$$$"));
}

/** In Environment= percent is systemd's, and a dollar a dollar. */
function variableLine([name, value]: readonly [name: string, value: string]): string {
  return `Environment=${quoted(`${name}=${value}`.replaceAll("%", "%%"))}`;
}

/** A word as systemd.syntax(7) has it: blanks, quotes, semicolons and control characters within quotes. */
function quoted(word: string): string {
  if (/^[\w%$.,:=/@+-]+$/.test(word)) return word;
  const inQuotes = word.replaceAll(/["\\]/g, "\\$&")
    // deno-lint-ignore no-control-regex -- these are what is written as an escape
    .replaceAll(/[\x01-\x1f\x7f]/g, (character) => {
      return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
    });
  return `"${inQuotes}"`;
}
