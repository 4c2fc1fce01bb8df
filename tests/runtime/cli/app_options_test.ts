/**
 * The options of the app: on the command line, in the section `[app]` of the file, and what they need.
 */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parseCommandLine } from "../../../runtime/cli/command_line.ts";
import { APP, type AppConfig } from "../../../runtime/config/mod.ts";
import { UsageError } from "../../../runtime/cli/usage_error.ts";

function appOf(args: readonly string[], file = ""): AppConfig | undefined {
  const command = parseCommandLine({
    args: file === "" ? args : [...args, "--config=a.toml"],
    variable: () => undefined,
    variables: [],
    cores: { count: 1 },
    readText: () => file,
  });
  return command.type === "serve" ? command.settings.config.app : undefined;
}

Deno.test("app options: without --app there is no app, whatever defaults a file has", () => {
  assertEquals(appOf([]), undefined);
  assertEquals(appOf([], "app-timeout = 30\nwatch = false\napp-allow = []\n"), undefined);
});

Deno.test("app options: on the command line", () => {
  const args = [
    "--app=a.ts",
    "--app-path=/api/**",
    "--app-timeout=2m",
    "--app-start-timeout=5",
    "--app-memory=512MiB",
    "--watch",
  ];
  assertEquals(appOf(args), {
    file: "a.ts",
    path: "/api/**",
    timeout: 120_000,
    startTimeout: 5_000,
    memory: 512 * 1024 ** 2,
    watch: true,
    allow: [],
  });
  assertEquals(appOf(["--app=a.ts"]), { ...APP, file: "a.ts" });
});

Deno.test("app options: rights, separated by commas or given again", () => {
  const args = ["--app=a.ts", "--app-allow=read=/a,net=b.example:5432", "--app-allow=env=C_*,sys"];
  assertEquals(appOf(args)?.allow, [
    { right: "read", value: "/a" },
    { right: "net", value: "b.example:5432" },
    { right: "env", value: "C_*" },
    { right: "sys", value: undefined },
  ]);
  const wrong = () => appOf(["--app=a.ts", "--app-allow=nte=x"]);
  assertStringIncludes(assertThrows(wrong, UsageError).message, "did you mean net?");
  for (const host of ["localhost:99999", "[::1", ":80", "http://a", "::1"]) {
    const app = () => appOf(["--app=a.ts", `--app-allow=net=${host}`]);
    assertStringIncludes(assertThrows(app, UsageError).message, `"${host}" is no host`);
  }
  for (const host of ["a.example", "10.0.0.1:80", "[::1]:80", "[::1]"]) {
    assertEquals(appOf(["--app=a.ts", `--app-allow=net=${host}`])?.allow[0]?.value, host);
  }
  // There is no part of them.
  for (const value of ["sys=hostname", "all=x", "read="]) {
    assertThrows(() => appOf(["--app=a.ts", `--app-allow=${value}`]), UsageError, value);
  }
});

Deno.test("app options: as a section of the file, or as keys at its top", () => {
  const section =
    `[app]\nfile = "a.ts"\npath = "/x"\ntimeout = "5s"\nstart-timeout = "7s"\nmemory = "1g"\nwatch = true\nallow = ["sys"]\n`;
  const flat =
    `app = "a.ts"\napp-path = "/x"\napp-timeout = "5s"\napp-start-timeout = "7s"\napp-memory = "1g"\nwatch = true\napp-allow = ["sys"]\n`;
  const expected = {
    file: "a.ts",
    path: "/x",
    timeout: 5_000,
    startTimeout: 7_000,
    memory: 1024 ** 3,
    watch: true,
    allow: [{ right: "sys" as const, value: undefined }],
  };
  assertEquals(appOf([], section), expected);
  assertEquals(appOf([], flat), expected);
  const wrong = () => appOf([], `[app]\nfil = "a.ts"\n`);
  assertStringIncludes(
    assertThrows(wrong, UsageError).message,
    `unknown key "fil": did you mean file?`,
  );
});

Deno.test("app options: the others have no effect without --app, and are an error then", () => {
  for (const flag of ["--app-path=/x", "--app-timeout=5", "--watch", "--app-allow=sys"]) {
    const error = assertThrows(() => appOf([flag]), UsageError);
    assertStringIncludes(error.message, `${flag.split("=")[0]} has no effect without --app`);
  }
});
