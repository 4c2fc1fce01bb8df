/**
 * The entry of a worker thread: waits for what it is to serve, and serves it with our endpoints.
 */

import { DateField } from "../protocol/mod.ts";
import { defaultRouter } from "./routes/mod.ts";
import { serveThread } from "./serve_thread.ts";

const date = new DateField(Date.now());
serveThread(defaultRouter(date), date);
