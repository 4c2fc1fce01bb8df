/**
 * nginx, from Debian's nginx-light.
 *
 * Tuned as in its manual: no access log except for the work "log", sendfile, cached open files, one listening socket per worker
 * (`reuseport`), all ready connections accepted at once, and connections kept open for a whole run (by
 * default they are closed after 1,000 requests). TLS 1.3 is switched on, which async-deno, Bun and Deno speak too: before
 * 1.23.4 nginx has only TLS 1.2 by default, whose handshake needs 0.8 of the CPU, and 0.4 if it is resumed, as it then
 * exchanges no new keys. It cannot echo a request body and has no WebSocket server.
 */

import { CERT_FILE, KEY_FILE } from "../certificate.ts";
import { PAGE, SCRATCH, SITE } from "../paths.ts";
import { usesTls } from "../rows.ts";
import { findProgram, type Missing, versionOf } from "../tools.ts";
import type { Found, Peer, Place } from "./peer.ts";

/** @param buffer the parameters of the access log that make it buffered */
function configuration({ port, workers, work }: Place, folder: string, buffer: string): string {
  const slash = PAGE.lastIndexOf("/");
  // If root starts nginx, its workers run as "nobody", which may not be allowed to read the page.
  const user = Deno.uid() === 0 ? "user root;" : "";
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`).join("\n  ");
  const versions = "ssl_protocols TLSv1.2 TLSv1.3;";
  const tls = `ssl_certificate ${CERT_FILE}; ssl_certificate_key ${KEY_FILE}; ${versions}`;
  return `
${user}
daemon off;
worker_processes ${workers};
worker_rlimit_nofile 8192;
pid ${folder}/pid;
error_log stderr crit;
events {
  worker_connections 4096;
  multi_accept on;
}
http {
  ${temporary}
  access_log ${work === "log" ? `${folder}/access.log combined${buffer}` : "off"};
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  keepalive_timeout 75s;
  keepalive_requests 1000000000;
  open_file_cache max=64 inactive=60s;
  open_file_cache_valid 60s;
  types { text/html html; }
  server {
    listen 127.0.0.1:${port} reuseport backlog=4096${usesTls(work) ? " ssl" : ""};
    ${usesTls(work) ? tls : ""}
    location = /healthz {
      default_type text/plain;
      return 200 "ok";
    }
    location = / {
      root ${PAGE.slice(0, slash)};
      try_files /${PAGE.slice(slash + 1)} =404;
    }
    location /files/ {
      root ${SITE.slice(0, -1)};
      default_type application/octet-stream;
    }
  }
}
`;
}

async function find(): Promise<Found | Missing> {
  const program = findProgram("nginx");
  if (program === undefined) return { missing: "nginx", install: "apt-get install nginx-light" };
  return { program, version: await versionOf(program, "-v") };
}

async function launch(found: Found, place: Place, buffer = "") {
  const folder = `${SCRATCH}nginx-${place.port}`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/nginx.conf`, configuration(place, folder, buffer));
  return {
    command: found.program,
    args: ["-p", folder, "-e", "stderr", "-c", `${folder}/nginx.conf`],
  };
}

/** nginx. */
export const nginx: Peer = {
  id: "nginx",
  does: {
    small: "nginx",
    log: "nginx, unbuffered log",
    page: "nginx",
    file: "nginx",
    tls: "nginx",
    "tls-file": "nginx",
  },
  find,
  launch: (found, place) => launch(found, place),
};

/** nginx with the access log that its manual calls buffered; by default each line is a write of its own. */
export const nginxBuffered: Peer = {
  id: "nginx-buffered",
  does: { log: "nginx, buffered log" },
  find,
  launch: (found, place) => launch(found, place, " buffer=64k flush=1s"),
};
