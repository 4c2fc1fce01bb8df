/**
 * nchan, the channels of nginx: Debian's libnginx-mod-nchan.
 *
 * As in its manual: messages are kept in the memory that its workers share, 100 of each channel as of async-deno's. Each
 * publication is a POST.
 */

import { isFile } from "../../support/is_file.ts";
import type { ChannelsWire } from "../channels_wire.ts";
import { SCRATCH } from "../paths.ts";
import { findProgram, type Missing, versionOf } from "../tools.ts";
import type { Found, Peer, Place } from "./peer.ts";

const MODULE = "/usr/lib/nginx/modules/ngx_nchan_module.so";
const LABEL = "nchan";

const WIRE: ChannelsWire = {
  subscriber: { path: "/channels?{c}", hello: "", ack: "" },
  publisher: { by: "http" },
  post: { path: "/publish?{c}", fields: ["Content-Type: application/json"], body: "{d}" },
};

function configuration({ port, workers }: Place, folder: string): string {
  // If root starts nginx, its workers run as "nobody".
  const user = Deno.uid() === 0 ? "user root;" : "";
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`).join("\n  ");
  return `
load_module ${MODULE};
${user}
daemon off;
worker_processes ${workers};
worker_rlimit_nofile 20000;
pid ${folder}/pid;
error_log stderr crit;
events {
  worker_connections 19000;
  multi_accept on;
}
http {
  ${temporary}
  access_log off;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  nchan_shared_memory_size 256M;
  server {
    listen 127.0.0.1:${port} reuseport backlog=4096;
    location = /healthz {
      default_type text/plain;
      return 200 "ok";
    }
    location = /channels {
      nchan_subscriber websocket;
      nchan_channel_id $args;
      nchan_subscriber_first_message newest;
      nchan_message_buffer_length 100;
    }
    location = /publish {
      nchan_publisher http;
      nchan_channel_id $args;
      nchan_message_buffer_length 100;
      nchan_message_timeout 10m;
    }
  }
}
`;
}

async function find(): Promise<Found | Missing> {
  const install = "apt-get install libnginx-mod-nchan";
  const program = findProgram("nginx");
  if (program === undefined || !isFile(MODULE)) return { missing: LABEL, install };
  return { program, version: `nginx ${await versionOf(program, "-v")}` };
}

async function launch(found: Found, place: Place) {
  const folder = `${SCRATCH}nchan-${place.port}`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/nginx.conf`, configuration(place, folder));
  return {
    command: found.program,
    args: ["-p", folder, "-e", "stderr", "-c", `${folder}/nginx.conf`],
  };
}

/** nchan. */
export const nchan: Peer = {
  id: "nchan",
  does: { "fan-out": LABEL, publish: LABEL },
  channels: WIRE,
  find,
  launch,
};
