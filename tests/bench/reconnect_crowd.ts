/**
 * The clients of reconnect.ts: `deno run reconnect_crowd.ts PORT CLIENTS`.
 *
 * In: a byte on standard input each time that all connections are to break; its end ends the program. Out: a line whenever all clients
 * are subscribed, and have what was published meanwhile; exit code 1 if one was told something wrong.
 */

import { allSubscribed, CrowdMember, faultsOf, gather, scatter } from "../support/crowd.ts";
import { Random } from "../support/random.ts";

const CHANNELS = 8;
/** Milliseconds within which all come back. */
const WITHIN = 1_000;

const [port, clients] = Deno.args;
const url = `ws://127.0.0.1:${port}/connection/websocket`;
const crowd = Array.from(
  { length: Number(clients) },
  (_, i) => new CrowdMember(url, `bench:crowd-${i % CHANNELS}`),
);
const random = new Random(1);
// As real clients do, one whose connection fails tries again; how often that was is told.
let failures = 0;
globalThis.addEventListener("error", (event) => {
  event.preventDefault();
  failures++;
});
setInterval(() => {
  for (const member of crowd) if (isComing && member.closed !== undefined) member.come();
}, WITHIN);
let isComing = false;
await gather(crowd);
console.log("there");
for await (const _ of Deno.stdin.readable) {
  await scatter(crowd);
  for (const member of crowd) setTimeout(() => member.come(), random.below(WITHIN));
  setTimeout(() => isComing = true, WITHIN);
  await allSubscribed(crowd);
  isComing = false;
  if (failures > 0) console.error(`${failures} connections failed, and were tried again`);
  const faults = faultsOf(crowd);
  const lost = crowd.filter(({ recovered }) => recovered !== true).length;
  if (faults.length > 0 || lost > 0) {
    console.error(`${lost} did not recover`, faults);
    Deno.exit(1);
  }
  console.log("there");
}
await scatter(crowd);
Deno.exit(0);
