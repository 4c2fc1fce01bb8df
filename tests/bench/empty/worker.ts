/** A worker that only reports that it has started. */

(globalThis as unknown as { postMessage(message: unknown): void }).postMessage("ready");
