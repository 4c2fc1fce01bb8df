#!/usr/bin/env bash
# `export default` of a server's module in Deno (`deno serve`) and Bun: what `this` is in fetch(), and what may be exported.
#
# A guess: fetch() is called as a method of the exported object, and an object of a class is as good as a literal. In Deno
# `this` is the exported object; but fetch has to be a property of its own, so an object of a class whose fetch() is a
# method is refused at the start. Bun takes that object, and `this` in fetch() is not it: a private field of it throws, and
# a property of it is undefined. So an app that keeps its state in a class runs unchanged in neither of them. A server that
# wants to run what both run calls fetch() as a method, and looks for it on the prototype too.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

bun=1.4.5

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >literal.mjs <<'JS'
export default {
  name: "literal",
  port: Number(process.env.PORT),
  hostname: "127.0.0.1",
  fetch() {
    return new Response(`name ${this?.name}`);
  },
};
JS
cat >object.mjs <<'JS'
class App {
  #name = "object";
  port = Number(process.env.PORT);
  hostname = "127.0.0.1";

  fetch() {
    try {
      return new Response(`name ${this.#name}`);
    } catch (error) {
      return new Response(error.name);
    }
  }
}

export default new App();
JS
cat >ask.mjs <<'JS'
import { execFileSync, spawn } from "node:child_process";
import { createServer } from "node:net";

const [file, ...command] = process.argv.slice(2);
const port = await new Promise((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});
const args = command.slice(1).map((word) => word === "PORT" ? String(port) : word);
const child = spawn(command[0], [...args, file], { env: { ...process.env, NO_COLOR: "1", PORT: port } });
let errors = "";
child.stderr.on("data", (text) => errors += text);
let ended = false;
child.on("exit", () => ended = true);
let answer;
for (let i = 0; i < 200 && answer === undefined && !ended; i++) {
  await new Promise((resolve) => setTimeout(resolve, 50));
  answer = await fetch(`http://127.0.0.1:${port}/`).then((response) => response.text(), () => undefined);
}
child.kill("SIGKILL");
console.log(answer ?? `refused: ${/requires [^,]*/.exec(errors)?.[0] ?? errors}`);
process.exit(0);
JS
for version in 2.4.2 2.9.6; do
  mkdir -p "deno-$version"
  (cd "deno-$version" && npm init -y >/dev/null && npm install --silent --no-audit --no-fund "deno@$version" >/dev/null)
done
npm init -y >/dev/null
npm install --silent --no-audit --no-fund "bun@$bun" >/dev/null
result=0
check() {
  printf '%s: %s\n' "$1" "$3"
  [ "$2" = "$3" ] || result=1
}
refused="refused: requires export default { fetch } in the main module"
for version in 2.4.2 2.9.6; do
  deno=("$(echo "$folder/deno-$version"/node_modules/@deno/*/deno)" serve --quiet --no-check -A --host 127.0.0.1 --port PORT)
  check "deno $version, literal" "name literal" "$(node ask.mjs literal.mjs "${deno[@]}")"
  check "deno $version, object of a class" "$refused" "$(node ask.mjs object.mjs "${deno[@]}")"
done
check "bun $bun, literal" "name undefined" "$(node ask.mjs literal.mjs node_modules/bun/bin/bun.exe)"
check "bun $bun, object of a class" "TypeError" "$(node ask.mjs object.mjs node_modules/bun/bin/bun.exe)"
exit $result
