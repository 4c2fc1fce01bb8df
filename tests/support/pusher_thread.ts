/** The server's own worker thread, which ends if it is asked for `/dies`. Started by tests of the Pusher protocol. */

import "../../runtime/executor/worker_thread.ts";
import { PusherService } from "../../runtime/serve/pusher/mod.ts";
import { DYING_ROUTE } from "./dying_route.ts";

const { find } = PusherService.prototype;

PusherService.prototype.find = function (path: string) {
  return path === "/dies" ? DYING_ROUTE : find.call(this, path);
};
