/** A worker that says that it is there. */

(globalThis as unknown as { postMessage(message: unknown): void }).postMessage("ready");
