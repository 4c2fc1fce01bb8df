/**
 * Lists of test files, by the modules that they import.
 */

import { assertEquals } from "@std/assert";
import { filesThatImport, testFilesIn } from "./test_files.ts";

const SERVER = "tests/support/server.ts";
const TRANSPORT = "tests/support/suite_transport.ts";

Deno.test("test files: a folder has its test files and those of its folders, and a file is itself", () => {
  const files = testFilesIn("tests/e2e/");
  assertEquals(files.includes("tests/e2e/unix_test.ts"), true);
  assertEquals(files.includes("tests/e2e/channels/faults_test.ts"), true);
  assertEquals(files.every((file) => file.endsWith("_test.ts")), true);
  assertEquals(testFilesIn("tests/e2e/unix_test.ts"), ["tests/e2e/unix_test.ts"]);
});

Deno.test("test files: who starts the server as a process imports server.ts, directly or through others", () => {
  const rows: [file: string, starts: boolean, asksForTransport: boolean][] = [
    ["tests/e2e/unix_test.ts", true, true],
    ["tests/e2e/files/ranges_test.ts", true, true], // through site.ts
    ["tests/e2e/channels/program_test.ts", true, true],
    ["tests/e2e/channels/faults_test.ts", false, true], // its server is in its own process
    ["tests/e2e/channels/plain_streams_test.ts", false, true],
    ["tests/e2e/sending_test.ts", false, true],
    ["tests/protocol/sha1_test.ts", false, false],
  ];
  for (const [file, starts, asksForTransport] of rows) {
    assertEquals(filesThatImport([file], [SERVER]).length === 1, starts, file);
    assertEquals(filesThatImport([file], [SERVER, TRANSPORT]).length === 1, asksForTransport, file);
  }
});
