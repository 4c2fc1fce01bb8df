import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { jsonArgument } from "../../../../runtime/cli/channel_commands/json_argument.ts";
import { UsageError } from "../../../../runtime/cli/usage_error.ts";

Deno.test("json argument: the bytes of JSON pass as they are", () => {
  for (const text of ['{"a": 1.0}', "null", ' "ü"\n', "12345678901234567890"]) {
    assertEquals(new TextDecoder().decode(jsonArgument("the data", text)), text);
  }
});

Deno.test("json argument: what is no JSON is refused with the reason, and the likely meaning", () => {
  const rows = [
    ["hello", "did you mean '\"hello\"'?"],
    ["hello there\n", "did you mean '\"hello there\"'?"],
    ["{'a': 1}", "the data must be JSON: "],
    ['{"a":1', "the data must be JSON: "],
    ["", "the data must be JSON, and is empty"],
    [" \n", "the data must be JSON, and is empty"],
    [`${"[".repeat(64)}${"]".repeat(64)}`, "the data has more than 63 arrays and objects"],
  ] as const;
  for (const [text, says] of rows) {
    const { message } = assertThrows(() => jsonArgument("the data", text), UsageError);
    assertStringIncludes(message, says);
    assertEquals(message.includes("\n"), false);
  }
});
