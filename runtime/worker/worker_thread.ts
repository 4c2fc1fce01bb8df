/**
 * The module of a worker's thread.
 *
 * In: its start, by message. Out: our endpoints, served until the server stops. Started by the
 * executor, imported by nobody.
 */

import { DateField } from "../../protocol/mod.ts";
import { defaultRouter } from "../routes/mod.ts";
import { serveThread } from "./serve_thread.ts";

const date = new DateField(Date.now());
serveThread(defaultRouter(date), date);
