/** A promise of the loop: who waits by `then` is called at once, and everybody else sees an ordinary promise. */

import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { LoopPromise } from "../../../runtime/net/mod.ts";

Deno.test("loop promise: all steps behind it are taken within fulfil, in their order", () => {
  const promise = new LoopPromise<number>();
  const seen: string[] = [];
  const last = promise.then((value) => value + 1).then((value) => {
    seen.push(`first ${value}`);
    throw new Error("wrong");
  }).then(() => seen.push("never"), (error: unknown) => seen.push((error as Error).message));
  promise.then((value) => seen.push(`second ${value}`));
  assertInstanceOf(last, LoopPromise);
  assertEquals(seen, []);
  promise.fulfil(1);
  promise.fulfil(2);
  assertEquals(seen, ["first 2", "wrong", "second 1"]);
});

Deno.test("loop promise: nobody is called within then", async () => {
  const seen: string[] = [];
  const promise = new LoopPromise<string>((resolve) => resolve("settled"));
  promise.then((value) => seen.push(value));
  seen.push("asked");
  await Promise.resolve();
  assertEquals(seen, ["asked", "settled"]);
});

Deno.test("loop promise: await, all, finally and promises behind it", async () => {
  const promise = new LoopPromise<string>();
  const wait = async () => `${await promise} awaited`;
  let isOver = false;
  const all = Promise.all([
    wait(),
    promise.then((value) => Promise.resolve(`${value} later`)),
    promise.finally(() => isOver = true),
  ]);
  await Promise.resolve();
  promise.fulfil("x");
  assertEquals(await all, ["x awaited", "x later", "x"]);
  assert(isOver);
  const failed = new LoopPromise<string>();
  const behind = failed.then(() => Promise.reject(new RangeError("behind it")));
  const rejected = assertRejects(() => behind, RangeError, "behind it");
  failed.fulfil("");
  await rejected;
  await assertRejects(
    () =>
      new LoopPromise(() => {
        throw new RangeError("at once");
      }),
    RangeError,
    "at once",
  );
});

Deno.test("loop promise: an error that reaches nobody is told like that of any promise", async () => {
  const told = Promise.withResolvers<unknown>();
  const listen = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    told.resolve(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", listen);
  try {
    const promise = new LoopPromise<string>();
    promise.then(() => {
      throw new RangeError("nobody waits");
    });
    promise.fulfil("");
    assertEquals((await told.promise as Error).message, "nobody waits");
  } finally {
    globalThis.removeEventListener("unhandledrejection", listen);
  }
});
