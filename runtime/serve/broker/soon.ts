/**
 * Values that are there now, or later.
 *
 * In: a value or a promise of one. Out: what is made of it; at once, without a promise, if the value is there.
 */

/** A value now, or later. */
export type Soon<Value> = Value | Promise<Value>;

/** Calls `use` with the value, as soon as it is there. */
export function whenThere<Value, Result>(
  value: Soon<Value>,
  use: (value: Value) => Result,
): Soon<Result> {
  return value instanceof Promise ? value.then(use) : use(value);
}
