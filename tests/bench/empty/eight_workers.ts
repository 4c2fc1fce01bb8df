/**
 * What a start is compared with: a program that starts eight workers that do nothing, says so, and
 * ends. start.ts compiles it.
 */

const WORKERS = 8;

const module = new URL("./worker.ts", import.meta.url);
await Promise.all(Array.from({ length: WORKERS }, () =>
  new Promise((resolve) => {
    new Worker(module, { type: "module" }).onmessage = resolve;
  })));
console.log("ready");
Deno.exit(0);
