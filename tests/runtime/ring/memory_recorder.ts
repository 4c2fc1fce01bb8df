/**
 * Records each operation of code on shared memory, in order, and lets a test run code in between.
 *
 * In: views to watch, and code to run. Out: the list of operations, by the names that the test
 * gives to the words. While it records, the functions of `Atomics` are replaced and the views are
 * proxies, so the code under test is the production code, without any cost in production.
 * One recording at a time, on one thread.
 */

type AtomicsFunction = (view: unknown, ...rest: unknown[]) => unknown;

const NAMES: Record<string, string> = {
  load: "load",
  store: "store",
  compareExchange: "claim",
  or: "or",
  and: "and",
};

/** Watches views of shared memory while code under test runs. */
export class MemoryRecorder {
  /** The operations so far; consecutive equal ones are one entry (the words of a task). */
  readonly operations: string[] = [];
  /** Number of operations, counted individually. */
  steps = 0;
  /** Called before each operation with its number from 0; operations in it are not recorded. */
  before: (step: number) => void = () => {};

  readonly #views = new Map<unknown, { target: unknown; nameOf: (index: number) => string }>();
  #recording = false;

  /** A proxy of `view` whose accesses are recorded; `nameOf` names its words. */
  watch<T extends Int32Array | Uint8Array>(view: T, nameOf: (index: number) => string): T {
    const proxy = new Proxy(view, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property, target);
        if (isIndex(property)) this.#note(`read ${nameOf(Number(property))}`);
        if (typeof value !== "function" || property === "constructor") return value;
        return (...args: unknown[]) => {
          if (property === "fill") this.#note(`clear ${nameOf(Number(args[1]))}`);
          if (property === "set") this.#note(`write ${nameOf(Number(args[1]))}`);
          return Reflect.apply(value, target, args);
        };
      },
      set: (target, property, value) => {
        if (isIndex(property)) this.#note(`write ${nameOf(Number(property))}`);
        return Reflect.set(target, property, value, target);
      },
    });
    this.#views.set(proxy, { target: view, nameOf });
    return proxy;
  }

  /** Adds an entry of the test's own to the list. */
  note(text: string): void {
    this.operations.push(text);
  }

  /** Runs `body` with its operations on watched views recorded. */
  record<T>(body: () => T): T {
    const functions = Atomics as unknown as Record<string, AtomicsFunction>;
    const originals = Object.keys(NAMES).map((key) => [key, functions[key]!] as const);
    for (const [key, original] of originals) {
      functions[key] = (view, ...rest) => {
        const watched = this.#views.get(view);
        if (watched === undefined) return original(view, ...rest);
        this.#note(`${NAMES[key]} ${watched.nameOf(Number(rest[0]))}`);
        return original(watched.target, ...rest);
      };
    }
    this.#recording = true;
    try {
      return body();
    } finally {
      this.#recording = false;
      for (const [key, original] of originals) functions[key] = original;
    }
  }

  #note(text: string): void {
    if (!this.#recording) return;
    this.#recording = false;
    try {
      this.before(this.steps);
    } finally {
      this.#recording = true;
    }
    this.steps++;
    if (this.operations.at(-1) !== text) this.operations.push(text);
  }
}

function isIndex(property: string | symbol): property is string {
  return typeof property === "string" && /^\d+$/.test(property);
}
