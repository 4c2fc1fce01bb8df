/** Headers of an app, held against Deno's own. */

import { assertAlike, type WebClasses } from "../../../support/web_classes.ts";

type Row = [name: string, code: (web: WebClasses) => unknown];

const all = (headers: Headers) => [...headers];
const wire = (...fields: [string, string][]) => ({ fields });

const ROWS: Row[] = [
  ["nothing", ({ Headers }) => all(new Headers())],
  ["a record", ({ Headers }) => all(new Headers({ B: "2", a: "1" }))],
  ["pairs", ({ Headers }) => all(new Headers([["B", "2"], ["a", "1"], ["b", "3"]]))],
  ["other headers", ({ Headers }) => all(new Headers(new Headers([["a", "1"], ["a", "2"]])))],
  ["a Map", ({ Headers }) => all(new Headers(new Map([["a", "1"]]) as unknown as HeadersInit))],
  ["a copy is its own", ({ Headers }) => {
    const first = new Headers({ a: "1" });
    const second = new Headers(first);
    second.set("a", "2");
    second.append("b", "3");
    return [all(first), all(second)];
  }],
  ["names are one in any case", ({ Headers }) => {
    const headers = new Headers({ "Content-Type": "a" });
    return [headers.get("content-TYPE"), headers.has("CONTENT-type"), all(headers)];
  }],
  ["values are trimmed", ({ Headers }) => all(new Headers({ a: " \t b c\r\n " }))],
  ["an empty value", ({ Headers }) => [new Headers({ a: "" }).get("a"), new Headers().get("a")]],
  ["append joins", ({ Headers }) => {
    const headers = new Headers({ a: "1" });
    headers.append("A", "2");
    return [headers.get("a"), all(headers)];
  }],
  ["set replaces all, in the place of the first", ({ Headers }) => {
    const headers = new Headers([["a", "1"], ["b", "2"], ["a", "3"]]);
    headers.set("a", "4");
    return all(headers);
  }],
  ["delete", ({ Headers }) => {
    const headers = new Headers([["a", "1"], ["b", "2"], ["A", "3"]]);
    headers.delete("A");
    headers.delete("c");
    return [all(headers), headers.has("a")];
  }],
  ["cookies stay apart", ({ Headers }) => {
    const headers = new Headers([["set-cookie", "a=1"], ["x", "y"], ["Set-Cookie", "b=2, c"]]);
    return [headers.getSetCookie(), headers.get("set-cookie"), all(headers)];
  }],
  ["cookies are none", ({ Headers }) => new Headers().getSetCookie()],
  ["sorted by name", ({ Headers }) => all(new Headers({ "x-b": "1", "x-a": "2", B: "3", a: "4" }))],
  ["keys and values", ({ Headers }) => {
    const headers = new Headers([["b", "1"], ["a", "2"], ["b", "3"]]);
    return [[...headers.keys()], [...headers.values()], [...headers.entries()]];
  }],
  ["forEach", ({ Headers }) => {
    const seen: unknown[] = [];
    const headers = new Headers({ b: "1", a: "2" });
    headers.forEach(function (this: unknown, value, key, parent) {
      seen.push([value, key, parent === headers, this]);
    }, "self");
    return seen;
  }],
  ["a change while it is iterated", ({ Headers }) => {
    const headers = new Headers({ a: "1", c: "3" });
    const seen: string[] = [];
    for (const [name] of headers) {
      seen.push(name);
      if (name === "a") headers.append("b", "2");
    }
    return seen;
  }],
  ["a number as value", ({ Headers }) => all(new Headers({ a: 1 } as unknown as HeadersInit))],
  ["null as value", ({ Headers }) => all(new Headers({ a: null } as unknown as HeadersInit))],
  ["Latin-1", ({ Headers }) => new Headers({ a: "ä" }).get("a")],
  ["beyond Latin-1", ({ Headers }) => new Headers({ a: "ā" })],
  ["a line end in a value", ({ Headers }) => new Headers({ a: "b\r\nc: d" })],
  ["a line end appended", ({ Headers }) => new Headers().append("a", "b\nc")],
  ["a zero in a value", ({ Headers }) => new Headers({ a: "b\0c" })],
  ["a control in a value", ({ Headers }) => new Headers({ a: "b\x01c" }).get("a")],
  ["a space in a name", ({ Headers }) => new Headers({ "a b": "c" })],
  ["an empty name", ({ Headers }) => new Headers({ "": "c" })],
  ["a name to get that is none", ({ Headers }) => new Headers().get("a b")],
  ["a name to have that is none", ({ Headers }) => new Headers().has("")],
  ["a name to delete that is none", ({ Headers }) => new Headers().delete("a:b")],
  ["a pair of one", ({ Headers }) => new Headers([["a"]] as unknown as HeadersInit)],
  ["a pair of three", ({ Headers }) => new Headers([["a", "b", "c"]] as unknown as HeadersInit)],
  ["null", ({ Headers }) => new Headers(null as unknown as HeadersInit)],
  ["a string", ({ Headers }) => new Headers("a: b" as unknown as HeadersInit)],
  ["a number", ({ Headers }) => new Headers(1 as unknown as HeadersInit)],
  ["undefined", ({ Headers }) => all(new Headers(undefined))],
  ["a symbol as value", ({ Headers }) => new Headers({ a: Symbol() } as unknown as HeadersInit)],
  ["is one of Headers", ({ Headers }) => new Headers() instanceof globalThis.Headers],
  ["its tag", ({ Headers }) => Object.prototype.toString.call(new Headers())],
  ["as an init of Deno's", ({ Headers }) => all(new globalThis.Headers(new Headers({ a: "b" })))],
  ["as an init of Deno's Request", ({ Headers }) => {
    const headers = new Headers([["a", "1"], ["a", "2"]]);
    return all(new Request("http://a/", { headers }).headers).map(([name, value]) => [name, value]);
  }],
  ["spread as a record", ({ Headers }) => Object.fromEntries(new Headers({ a: "b" }))],

  // As they come from the client.
  ["of a request", ({ request }) => all(request(wire(["X-B", "2"], ["x-a", "1"])).headers)],
  ["of a request, get", ({ request }) => request(wire(["X-B", "2"])).headers.get("x-b")],
  ["of a request, missing", ({ request }) => request().headers.get("x-b")],
  ["of a request, has", ({ request }) => {
    const { headers } = request(wire(["X-B", "2"]));
    return [headers.has("X-b"), headers.has("x-c"), headers.get("HOST")];
  }],
  ["of a request, twice", ({ request }) => request(wire(["a", "1"], ["A", "2"])).headers.get("a")],
  ["of a request, a bad name", ({ request }) => request().headers.get("a b")],
  ["of a request, changed", ({ request }) => {
    const { headers } = request(wire(["x-a", "1"], ["x-b", "2"]));
    headers.set("x-a", "3");
    headers.append("x-b", "4");
    headers.delete("host");
    return all(headers);
  }],
  ["of a request, Latin-1", ({ request }) => request(wire(["a", "\xe4"])).headers.get("a")],
  ["of a request, the same each time", ({ request }) => {
    const one = request(wire(["a", "1"]));
    one.headers.set("a", "2");
    return [one.headers === one.headers, one.headers.get("a")];
  }],
];

for (const [name, code] of ROWS) {
  Deno.test(`headers of an app are the Web's: ${name}`, () => assertAlike(code));
}
