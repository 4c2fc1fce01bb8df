/** Requests to an app, held against Deno's own. */

import { type Asked, assertAlike, type WebClasses } from "../../../support/web_classes.ts";

type Row = [name: string, code: (web: WebClasses) => unknown];

const JSON_POST: Asked = {
  method: "POST",
  fields: [["Content-Type", "application/json"]],
  body: '{"a":[1,2],"b":"c"}',
};
const FORM: Asked = {
  method: "POST",
  fields: [["Content-Type", "application/x-www-form-urlencoded"]],
  body: "a=1+2&b=%C3%A4",
};
const PARTS: Asked = {
  method: "PUT",
  fields: [["Content-Type", "multipart/form-data; boundary=xx"]],
  body: '--xx\r\nContent-Disposition: form-data; name="a"; filename="f.txt"\r\n' +
    "Content-Type: text/plain\r\n\r\nfile\r\n--xx--\r\n",
};

const READS: [name: string, read: (request: Request) => unknown][] = [
  ["text", (request) => request.text()],
  ["json", (request) => request.json()],
  ["bytes", async (request) => [...await request.bytes()]],
  ["a buffer", async (request) => [...new Uint8Array(await request.arrayBuffer())]],
  ["a Blob", async (request) => {
    const blob = await request.blob();
    return [blob.type, await blob.text()];
  }],
  ["a form", async (request) => {
    const entries = [...await request.formData()];
    return await Promise.all(
      entries.map(async ([name, value]) =>
        typeof value === "string"
          ? [name, value]
          : [name, value.name, value.type, await value.text()]
      ),
    );
  }],
  [
    "a stream",
    async (request) => request.body === null ? null : await new Response(request.body).text(),
  ],
  ["a clone", async (request) => {
    const clone = request.clone();
    return [await clone.text(), await request.text(), clone.url, [...clone.headers]];
  }],
  ["another Request", async (request) => {
    const { method, url, headers, body } = request;
    const init = { method, headers, body, duplex: "half" } as RequestInit;
    return await new Request(`${url}x`, init).text();
  }],
  ["text, twice", async (request) => {
    const first = await request.text();
    return [first, await request.text().catch((error) => error.name), request.bodyUsed];
  }],
  ["text, then the body", async (request) => {
    await request.text();
    return [request.body === null, request.body?.locked, request.bodyUsed];
  }],
  ["text, then a clone", async (request) => {
    await request.text();
    return request.clone().method;
  }],
  ["the body, then text", async (request) => {
    const reader = request.body?.getReader();
    await reader?.read();
    return [request.bodyUsed, await request.text()];
  }],
  ["nothing", (request) => [request.bodyUsed, request.body === null]],
];

const BODIES: [name: string, asked: Asked][] = [
  ["no body", {}],
  ["a POST without a body", { method: "POST" }],
  ["text", { method: "POST", body: "text" }],
  ["JSON", JSON_POST],
  ["wrong JSON", { ...JSON_POST, body: "{" }],
  ["JSON after a byte order mark", { ...JSON_POST, body: "\xef\xbb\xbf[1]" }],
  ["bytes that are no UTF-8", { method: "PATCH", body: "a\xffb" }],
  ["a form", FORM],
  ["parts", PARTS],
];

const TARGETS = [
  "/",
  "/a/b?c=d&e",
  "/a//b/",
  "/a/./b/../c",
  "/.hidden/..",
  "/a%20b?c%20d",
  "/%2e%2e/x",
  "/a?b'c",
  "/a|b^c{d}",
  '/a?x=[1]&y=<2>"',
  "/a;b=c,d@e:f!$*()~",
  "/?",
  "/a?b?c=/../d",
  "//b.example/c",
  "/\\a",
];

/** What costs no body. */
function shown(request: Request): unknown {
  const { method, url, bodyUsed, cache, credentials, integrity, keepalive, mode, redirect } =
    request;
  const { referrer, referrerPolicy, signal } = request;
  const rare = {
    cache,
    credentials,
    integrity,
    keepalive,
    mode,
    redirect,
    referrer,
    referrerPolicy,
  };
  return {
    method,
    url,
    bodyUsed,
    ...rare,
    aborted: signal.aborted,
    same: signal === request.signal,
  };
}

const ROWS: Row[] = [
  ...TARGETS.map((target): Row => [`URL of ${target}`, ({ request }) => request({ target }).url]),
  ...["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"].map((method): Row => [
    `method ${method}`,
    ({ request }) => shown(request({ method })),
  ]),
  ...BODIES.flatMap(([body, asked]) =>
    READS.map((
      [name, read],
    ): Row => [`${body}, read as ${name}`, ({ request }) => read(request(asked))])
  ),
  ["instanceof", ({ request }) => request() instanceof Request],
  ["its tag", ({ request }) => Object.prototype.toString.call(request())],
  ["destructured", ({ request }) => {
    const { method, url } = request(JSON_POST);
    return [method, url];
  }],
  ["through a Proxy", ({ request }) => {
    const proxy = new Proxy(request(JSON_POST), {
      get: (target, key) => {
        const value = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    return [proxy.method, proxy.headers.get("content-type")];
  }],
];

for (const [name, code] of ROWS) {
  Deno.test(`requests to an app are the Web's: ${name}`, () => assertAlike(code));
}
