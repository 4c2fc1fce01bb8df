/** A route that ends the thread of a worker. In: a request. Out: no answer. */

import { LogLabel } from "../../runtime/observe/log/mod.ts";
import type { Route } from "../../runtime/serve/session/mod.ts";

/** Ends the thread by an error that nobody catches. */
export const DYING_ROUTE: Route = {
  label: new LogLabel("test"),
  methods: null,
  wantsBody: false,
  webSocket: null,
  handle: () => {
    // Outside of every handler: the error is not caught, so the thread ends.
    queueMicrotask(() => {
      throw new Error("killed by a test");
    });
    return new Promise(() => {});
  },
};
