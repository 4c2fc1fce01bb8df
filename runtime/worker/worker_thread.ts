/**
 * The module of a worker's thread.
 *
 * In: its start, by message. Out: our endpoints, served until the server stops. Started by the
 * executor, imported by nobody.
 */

import { DateField } from "../../protocol/mod.ts";
import { BasicAuth, readUsers } from "../auth/mod.ts";
import { Site } from "../files/mod.ts";
import { hasLibc, LinuxFiles, PortableFiles } from "../os/mod.ts";
import { serverRouter } from "../routes/mod.ts";
import { serveThread } from "./serve_thread.ts";

const date = new DateField(Date.now());
serveThread(({ config, loop }) => {
  const { root } = config.files;
  const site = root === undefined ? undefined : new Site({
    config,
    root,
    files: hasLibc() ? new LinuxFiles() : new PortableFiles(),
    date,
    now: () => loop.now,
  });
  const users = readUsers(config.users, Deno.readTextFileSync);
  const guard = users.size === 0 ? undefined : new BasicAuth(users);
  return serverRouter({ config, date, site, guard });
}, date);
