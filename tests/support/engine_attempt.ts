/**
 * One attempt to connect to an engine, as a process: so that it can have other authorities of the system.
 *
 * In: the address as an argument, and the PEM of an authority as another one. Out: a line with the reason of a failure; empty: none.
 */
import { attemptAt } from "./engine_node.ts";

const [url, ca] = Deno.args;
const { reason = "" } = await attemptAt(url!, ca === undefined ? {} : { ca });
console.log(reason);
