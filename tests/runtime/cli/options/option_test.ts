import { assertEquals, assertThrows } from "@std/assert";
import { type Config, DEFAULT_CONFIG } from "../../../../runtime/config/mod.ts";
import {
  type Access,
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
function over<T>(initial: T, make: (access: Access<T>) => Option) {
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

Deno.test("number: seconds are milliseconds in the config, and whole numbers have no fraction", () => {
  const row = { ...ROW, value: "SECONDS", range: [0.5, 10] } as const;
  const seconds = over(1000, (access) => number(row, access));
  assertEquals([seconds.apply("2.5"), seconds.values()], [2500, ["2.5"]]);
  assertEquals(seconds.refusal("11"), '--it is a number of seconds from 0.5 to 10, not "11"');
  const count = over(1, (access) => number({ ...row, value: "COUNT", range: [0, 10] }, access));
  assertEquals([count.apply("7"), count.values(), count.words()], [7, ["7"], "7"]);
  assertEquals(count.refusal("1.0"), '--it is a whole number from 0 to 10, not "1.0"');
});

Deno.test("text: one value, or off", () => {
  const one = over<string | undefined>(undefined, (access) => text(ROW, access, TEXT));
  assertEquals([one.values(), one.words()], [[], "none"]);
  assertEquals([one.apply("a b"), one.values()], ["a b", ["a b"]]);
  assertEquals(one.refusal("a", "b"), "--it is given more than once");
  assertEquals(one.refusal("a\0"), "--it cannot have a NUL in it");
});

Deno.test("list: the values in their order, in place of those before", () => {
  const some = over<readonly string[]>([], (access) => list(ROW, access, TEXT));
  assertEquals([some.option.repeatable, some.words()], [true, "none"]);
  assertEquals(some.apply("b", "a"), ["b", "a"]);
  assertEquals([some.apply("c"), some.values()], [["c"], ["c"]]);
});

Deno.test("choice: one word of a few", () => {
  const one = over<"a" | "b">("a", (access) => choice({ ...ROW, choices: ["a", "b"] }, access));
  assertEquals([one.option.value, one.option.choices, one.words()], ["a|b", ["a", "b"], "a"]);
  assertEquals(one.apply("b"), "b");
  assertEquals(one.refusal("c"), '--it is one of a, b, not "c"');
});

Deno.test("choices: some words of a few, with commas or apart, each once", () => {
  const some = over<readonly ("a" | "b")[]>(["a", "b"], (access) => {
    return choices({ ...ROW, choices: ["a", "b"] }, access);
  });
  assertEquals(some.words(), "a,b");
  assertEquals(some.apply("b,a"), ["b", "a"]);
  assertEquals(some.apply("a", "a"), ["a"]);
  assertEquals(some.refusal("a,c"), '--it is one of a, b, not "c"');
});

Deno.test("switch: true or false", () => {
  const on = over(false, (access) => flagSwitch(ROW, access));
  assertEquals([on.option.value, on.words()], [undefined, "off"]);
  assertEquals([on.apply("true"), on.words(), on.values()], [true, "on", ["true"]]);
  assertEquals(on.apply("false"), false);
  assertEquals(on.refusal("yes"), '--it is a switch, true or false, not "yes"');
});

Deno.test("at: a place in a section", () => {
  const config: MutableConfig = { ...structuredClone(DEFAULT_CONFIG), workers: 1 };
  const place = at("limits", "pipelined");
  place.set(config, 3);
  assertEquals([place.get(config), config.limits.pipelined], [3, 3]);
  assertEquals(place.get({ ...DEFAULT_CONFIG, workers: 1 } satisfies Config), 64);
});
