/**
 * A temporary folder with the files of an app.
 *
 * In: the files' texts by their paths. Out: the folder's path; removed by the disposal.
 */

import { dirname } from "@std/path/posix/dirname";

/** The folder of an app. */
export class AppFolder implements Disposable {
  /** Without links, as messages name it. */
  readonly path = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "async-deno-app-" }));

  /** @param files by their paths in the folder */
  constructor(files: Readonly<Record<string, string>>) {
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  /** The path of a file in it. */
  file(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Writes a file as editors do: a new one takes the place of the old one. */
  write(name: string, text: string): void {
    const path = this.file(name);
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.writeTextFileSync(`${path}~`, text);
    Deno.renameSync(`${path}~`, path);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
