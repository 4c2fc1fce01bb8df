import { assertEquals, assertThrows } from "@std/assert";
import { type Config, DEFAULT_CONFIG } from "../../../../runtime/config/mod.ts";
import {
  type Accessor,
  at,
  choice,
  choices,
  flagSwitch,
  list,
  type MutableConfig,
  number,
  type Option,
  TEXT,
  text,
} from "../../../../runtime/cli/options/option.ts";
import { UsageError } from "../../../../runtime/cli/usage_error.ts";

const ROW = { flag: "it", group: "Any", help: "a thing", value: "THING" };

/** An option made over a value of its own, and that value. */
function over<T>(initial: T, make: (accessor: Accessor<T>) => Option) {
  let value = initial;
  const option = make({ get: () => value, set: (_, to) => void (value = to) });
  const config = { ...structuredClone(DEFAULT_CONFIG), workers: 1 };
  return {
    option,
    apply(...values: string[]): T {
      option.apply(config, values, "--it");
      return value;
    },
    refusal: (...values: string[]) =>
      assertThrows(() => option.apply(config, values, "--it"), UsageError).message,
    values: () => option.valuesOf(config),
    words: () => option.defaultText(config),
  };
}

Deno.test("number: times and sizes may have a unit, counts are whole numbers", () => {
  const time = over(1000, (accessor) => {
    return number({ ...ROW, value: "TIME", range: [0.5, 10] }, accessor);
  });
  assertEquals([time.apply("2.5"), time.apply("500ms"), time.words()], [2500, 500, "500ms"]);
  assertEquals(time.values(), ["0.5"]);
  const grammar = "(seconds, or with a unit: 500ms, 10s, 5m, 1h)";
  assertEquals(time.refusal("11"), `--it must be a time from 500ms to 10s ${grammar}, not "11"`);
  const size = over(1, (accessor) => {
    return number({ ...ROW, value: "SIZE", range: [0, 2048] }, accessor);
  });
  assertEquals([size.apply("1.5k"), size.values(), size.words()], [1536, ["1536"], "1536"]);
  for (const text of ["3k", "9".repeat(400), "-1", "1.5", "1q"]) {
    const expected = "--it must be a size from 0 to 2KiB (bytes, or with a unit: 64k, 1.5MiB, 1g)";
    assertEquals(size.refusal(text), `${expected}, not "${text}"`);
  }
  const count = over(1, (accessor) => {
    return number({ ...ROW, value: "COUNT", range: [0, 10] }, accessor);
  });
  assertEquals([count.apply("7"), count.values(), count.words()], [7, ["7"], "7"]);
  assertEquals(count.refusal("1.0"), '--it must be a whole number from 0 to 10, not "1.0"');
  assertEquals(count.refusal("1k"), '--it must be a whole number from 0 to 10, not "1k"');
});

Deno.test("text: one value, or off", () => {
  const one = over<string | undefined>(undefined, (accessor) => text(ROW, accessor, TEXT));
  assertEquals([one.values(), one.words()], [[], "none"]);
  assertEquals([one.apply("a b"), one.values()], ["a b", ["a b"]]);
  assertEquals(one.refusal("a", "b"), "--it is given more than once");
  assertEquals(one.refusal("a\0"), "--it must not contain a NUL character");
});

Deno.test("list: the values in their order, in place of those before", () => {
  const some = over<readonly string[]>([], (accessor) => list(ROW, accessor, TEXT));
  assertEquals([some.option.repeatable, some.words()], [true, "none"]);
  assertEquals(some.apply("b", "a"), ["b", "a"]);
  assertEquals([some.apply("c"), some.values()], [["c"], ["c"]]);
});

Deno.test("choice: one word of a few", () => {
  const one = over<"a" | "b">("a", (accessor) => choice({ ...ROW, choices: ["a", "b"] }, accessor));
  assertEquals([one.option.value, one.option.choices, one.words()], ["a|b", ["a", "b"], "a"]);
  assertEquals(one.apply("b"), "b");
  assertEquals(one.refusal("c"), '--it must be one of a, b, not "c"');
});

Deno.test("choices: some words of a few, with commas or apart, each once", () => {
  const some = over<readonly ("a" | "b")[]>(["a", "b"], (accessor) => {
    return choices({ ...ROW, choices: ["a", "b"] }, accessor);
  });
  assertEquals(some.words(), "a,b");
  assertEquals(some.apply("b,a"), ["b", "a"]);
  assertEquals(some.apply("a", "a"), ["a"]);
  assertEquals(some.refusal("a,c"), '--it must be one of a, b, not "c"');
});

Deno.test("switch: words for on and off", () => {
  const on = over(false, (accessor) => flagSwitch(ROW, accessor));
  assertEquals([on.option.value, on.words()], [undefined, "off"]);
  assertEquals([on.apply("true"), on.words(), on.values()], [true, "on", ["true"]]);
  for (const word of ["true", "yes", "on", "1", "On"]) assertEquals(on.apply(word), true, word);
  for (const word of ["false", "no", "off", "0", "OFF"]) assertEquals(on.apply(word), false, word);
  for (const word of ["", "2", "y", "ja", "truee", " true"]) {
    const expected = `--it must be true or false (or yes, no, on, off, 1, 0), not "${word}"`;
    assertEquals(on.refusal(word), expected);
  }
});

Deno.test("at: a place in a section", () => {
  const config: MutableConfig = { ...structuredClone(DEFAULT_CONFIG), workers: 1 };
  const place = at("limits", "pipelined");
  place.set(config, 3);
  assertEquals([place.get(config), config.limits.pipelined], [3, 3]);
  assertEquals(place.get({ ...DEFAULT_CONFIG, workers: 1 } satisfies Config), 64);
});
