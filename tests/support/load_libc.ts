/** Imported for its effect: loads libc for the process. Within a test, Deno 2.4 would report that as a leak. */

import { LinuxOs } from "../../runtime/os/mod.ts";

new LinuxOs();
