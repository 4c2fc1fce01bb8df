/**
 * The baseline of start.ts: a program that starts eight empty workers, prints "ready", and exits.
 * start.ts compiles it.
 */

const WORKERS = 8;

const module = new URL("./worker.ts", import.meta.url);
await Promise.all(Array.from({ length: WORKERS }, () =>
  new Promise((resolve) => {
    new Worker(module, { type: "module" }).onmessage = resolve;
  })));
console.log("ready");
Deno.exit(0);
