/** Responses of an app, held against Deno's own. */

import { assertEquals, assertRejects } from "@std/assert";
import { APP, assertAlike, type WebClasses } from "../../../support/web_classes.ts";

type Row = [name: string, code: (web: WebClasses) => unknown];

// Deno 2.4 says less of the buffer.
const bytes = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;

/** Everything about it that costs no body. */
function shown(response: Response): unknown {
  const { status, statusText, ok, type, url, redirected, bodyUsed, headers } = response;
  return { status, statusText, ok, type, url, redirected, bodyUsed, headers: [...headers] };
}

/** All of it. */
const whole = async (
  response: Response,
) => [shown(response), await response.text(), response.bodyUsed];

async function outcomeOf(code: () => unknown): Promise<unknown> {
  try {
    return await code();
  } catch (error) {
    return error instanceof Error ? error.name : error;
  }
}

function streamOf(...texts: string[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      for (const text of texts) controller.enqueue(bytes(text));
      controller.close();
    },
  });
}

const BODIES: [name: string, body: () => BodyInit | null | undefined][] = [
  ["none", () => undefined],
  ["null", () => null],
  ["text", () => "text ä €"],
  ["empty text", () => ""],
  ["bytes", () => bytes("bytes")],
  ["a part of a buffer", () => bytes("0123456789").subarray(2, 5)],
  ["a buffer", () => bytes("buffer").buffer],
  ["a DataView", () => new DataView(bytes("0123456789").buffer, 3, 4)],
  ["words", () => new Uint16Array([0x4141, 0x4242])],
  ["a form", () => new URLSearchParams({ a: "1 2", ä: "&" })],
  ["a Blob", () => new Blob(["blob"], { type: "Text/X" })],
  ["a Blob without a type", () => new Blob(["blob"])],
  ["a stream", () => streamOf("str", "eam")],
  ["an empty stream", () => streamOf()],
  ["an object", () => ({ toString: () => "object" }) as unknown as BodyInit],
  ["a number", () => 5 as unknown as BodyInit],
];

const ROWS: Row[] = [
  ...BODIES.flatMap(([name, body]): Row[] => [
    [`body: ${name}`, ({ Response }) => whole(new Response(body()))],
    [
      `body: ${name}, with headers`,
      ({ Response }) =>
        whole(new Response(body(), { headers: { "Content-Type": "x/y", "X-A": "b" } })),
    ],
    [`body: ${name}, as bytes`, async ({ Response }) => [...await new Response(body()).bytes()]],
    [
      `body: ${name}, as a buffer`,
      async ({ Response }) => [...new Uint8Array(await new Response(body()).arrayBuffer())],
    ],
    [`body: ${name}, as a Blob`, async ({ Response }) => {
      const blob = await new Response(body()).blob();
      return [blob.type, blob.size, await blob.text()];
    }],
    [`body: ${name}, as a stream`, async ({ Response }) => {
      const response = new Response(body());
      const { body: stream } = response;
      if (stream === null) return null;
      const text = await new globalThis.Response(stream).text();
      return [text, response.bodyUsed, response.body === stream];
    }],
    [`body: ${name}, twice`, async ({ Response }) => {
      const response = new Response(body());
      const first = await response.text();
      const second = await response.text().catch((error) => error.name);
      return [first, second, response.bodyUsed];
    }],
    [`body: ${name}, cloned`, async ({ Response }) => {
      const response = new Response(body(), { status: 201, headers: { a: "b" } });
      const clone = response.clone();
      response.headers.set("a", "c");
      return [await whole(clone), await whole(response), clone instanceof globalThis.Response];
    }],
    [`body: ${name}, cloned after it was read`, async ({ Response }) => {
      const response = new Response(body());
      await response.text();
      return shown(response.clone());
    }],
  ]),
  ["bytes that change later", async ({ Response }) => {
    const body = bytes("before");
    const response = new Response(body);
    body.fill(0x41);
    return await response.text();
  }],
  ["json()", async ({ Response }) => await new Response('{"a":[1]}').json()],
  ["json() twice", async ({ Response }) => {
    const response = new Response("[1]");
    const first = response.json();
    const { bodyUsed, body } = response;
    const second = await response.json().catch((error) => error.name);
    return [bodyUsed, body?.locked, await first, second];
  }],
  ["text() is used at once", async ({ Response }) => {
    const response = new Response("x");
    const text = response.text();
    const { bodyUsed, body } = response;
    const read = () => body?.getReader();
    return [bodyUsed, body?.locked, response.body === body, await text, await outcomeOf(read)];
  }],
  ["text() after the body was asked for", async ({ Response }) => {
    const response = new Response("x");
    const { body } = response;
    return [await response.text(), response.bodyUsed, body?.locked];
  }],
  ["text() of another object", async ({ Response }) => {
    const { text } = Response.prototype;
    return await outcomeOf(() => text.call({} as Response));
  }],
  ["json() of none", async ({ Response }) => await new Response("").json()],
  ["json() of a wrong one", async ({ Response }) => await new Response("{").json()],
  ["formData()", async ({ Response }) => {
    const form = new FormData();
    form.set("a", "b");
    form.set("file", new File(["c"], "d.txt", { type: "e/f" }));
    const read = await new Response(form).formData();
    const file = read.get("file") as File;
    return [read.get("a"), file.name, file.type, await file.text()];
  }],
  ["formData() has a type", ({ Response }) => {
    const type = new Response(new FormData()).headers.get("content-type") ?? "";
    return type.replace(/boundary=.*/, "boundary");
  }],
  ["formData() without a type", async ({ Response }) => await new Response("a=b").formData()],
  ["Response.json", async ({ Response }) => await whole(Response.json({ a: [1, "ä"] }))],
  [
    "Response.json with init",
    async ({ Response }) =>
      await whole(Response.json(null, { status: 404, statusText: "No", headers: { a: "b" } })),
  ],
  [
    "Response.json with a type",
    async ({ Response }) =>
      await whole(Response.json(1, { headers: { "content-type": "application/problem+json" } })),
  ],
  ["Response.json of undefined", ({ Response }) => Response.json(undefined)],
  ["Response.json of a circle", ({ Response }) => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    return Response.json(circle);
  }],
  ["Response.json of 204", ({ Response }) => Response.json(1, { status: 204 })],
  ["Response.redirect", ({ Response }) => shown(Response.redirect("http://b/c?d#e"))],
  ["Response.redirect 303", ({ Response }) => shown(Response.redirect(new URL("http://b/"), 303))],
  ["Response.redirect 200", ({ Response }) => Response.redirect("http://b/", 200)],
  ["Response.redirect nowhere", ({ Response }) => Response.redirect("http://")],
  ["Response.error", ({ Response }) => {
    const { status, type } = Response.error();
    return [status, type];
  }],
  ...[200, 201, 204, 205, 304, 404, 418, 500, 599, 101, 0, 100, 199, 600, 65736, -1, 200.7].flatMap(
    (status): Row[] => [
      [`status ${status}`, ({ Response }) => shown(new Response(null, { status }))],
      [`status ${status} with a body`, ({ Response }) => shown(new Response("x", { status }))],
    ],
  ),
  [
    "status as text",
    ({ Response }) => shown(new Response(null, { status: "201" as unknown as number })),
  ],
  ["status that is none", ({ Response }) => new Response(null, { status: NaN })],
  ["a status text", ({ Response }) => shown(new Response(null, { statusText: "Fine ä" }))],
  ["a status text with a line end", ({ Response }) => new Response(null, { statusText: "a\r\nb" })],
  ["a status text beyond Latin-1", ({ Response }) => new Response(null, { statusText: "ā" })],
  ["init of null", ({ Response }) => shown(new Response("x", null as unknown as ResponseInit))],
  ["init of a number", ({ Response }) => new Response("x", 5 as unknown as ResponseInit)],
  ["init of a Response", async ({ Response }) => {
    const first = new Response("x", { status: 201, headers: { a: "b" } });
    return await whole(new Response("y", first));
  }],
  [
    "headers of pairs",
    ({ Response }) =>
      shown(new Response(null, { headers: [["set-cookie", "a"], ["set-cookie", "b"]] })),
  ],
  [
    "headers of Headers",
    ({ Response, Headers }) => shown(new Response("x", { headers: new Headers({ a: "b" }) })),
  ],
  [
    "headers of Deno's Headers",
    ({ Response }) => shown(new Response("x", { headers: new globalThis.Headers({ a: "b" }) })),
  ],
  ["headers are its own", ({ Response, Headers }) => {
    const headers = new Headers({ a: "b" });
    const response = new Response("x", { headers });
    headers.set("a", "c");
    response.headers.append("d", "e");
    return [shown(response), [...headers]];
  }],
  ["a record that changes later", ({ Response }) => {
    const headers: Record<string, string> = { a: "b" };
    const response = new Response("x", { headers });
    headers.a = "c";
    return shown(response);
  }],
  ["headers that are set later", ({ Response }) => {
    const response = new Response("x");
    response.headers.set("content-type", "a/b");
    return shown(response);
  }],
  ["the type can be deleted", ({ Response }) => {
    const response = new Response("x");
    response.headers.delete("content-type");
    return shown(response);
  }],
  ["a bad header", ({ Response }) => new Response("x", { headers: { "a b": "c" } })],
  ["a locked stream", ({ Response }) => {
    const stream = streamOf("x");
    stream.getReader();
    return new Response(stream);
  }],
  ["a stream that fails", async ({ Response }) => {
    const stream = new ReadableStream({
      pull: (controller) => controller.error(new RangeError("x")),
    });
    return await new Response(stream).text();
  }],
  ["its tag", ({ Response }) => Object.prototype.toString.call(new Response())],
  ["instanceof", ({ Response }) => {
    class Mine extends Response {}
    const [mine, other] = [new Mine("x"), new Response("y")];
    return [
      other instanceof Response,
      other instanceof globalThis.Response,
      mine instanceof Mine,
      mine instanceof Response,
      other instanceof Mine,
      ({}) instanceof Response,
      new globalThis.Response() instanceof Response,
    ];
  }],
  ["a class of the app's own", async ({ Response }) => {
    class Html extends Response {
      constructor(text: string) {
        super(text, { headers: { "content-type": "text/html" } });
      }
    }
    return await whole(new Html("<p>"));
  }],
  ["without new", ({ Response }) => (Response as unknown as () => Response)()],
  ["through a transformation", async ({ Response }) => {
    const upper = new TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>({
      transform: (chunk, controller) =>
        controller.enqueue(bytes(new TextDecoder().decode(chunk).toUpperCase())),
    });
    const response = new Response("abc");
    return await whole(new Response(response.body?.pipeThrough(upper) ?? null, response));
  }],
];

for (const [name, code] of ROWS) {
  Deno.test(`responses of an app are the Web's: ${name}`, () => assertAlike(code));
}

/** Deno gives back text that was not encoded: with a byte order mark, and with halves of letters. The Web does not. */
const DECODED: [name: string, body: string, text: string][] = [
  ["a letter of two halves", "\ud83d\ude00", "\ud83d\ude00"],
  ["halves alone", "a\ud800b\udc00", "a\ufffdb\ufffd"],
  ["a byte order mark", "\ufeff[1]", "[1]"],
  ["a byte order mark in the middle", "a\ufeff", "a\ufeff"],
  ["two of them", "\ufeff\ufeff[1]", "\ufeff[1]"],
];
for (const [name, body, text] of DECODED) {
  Deno.test(`responses of an app: text is read as if it was decoded: ${name}`, async () => {
    const { Response } = APP;
    assertEquals(await new Response(body).text(), text);
    assertEquals(await new Response(body).clone().text(), text);
    const { body: stream } = new Response(body);
    assertEquals(new TextDecoder().decode(await new globalThis.Response(stream).bytes()), text);
  });
}

Deno.test("responses of an app: JSON is read as if it was decoded", async () => {
  const { Response } = APP;
  assertEquals(await new Response("\ufeff[1]").json(), [1]);
  assertEquals(await new Response('["\ud800"]').json(), ["\ufffd"]);
  await assertRejects(() => new Response("\ufeff\ufeff[1]").json(), SyntaxError);
});

Deno.test("responses of an app: a body that is text is read without being encoded", async () => {
  const { Response } = APP;
  const { encode } = TextEncoder.prototype;
  TextEncoder.prototype.encode = () => {
    throw new Error("it is encoded");
  };
  try {
    const long = "x".repeat(100_000);
    assertEquals(await new Response(long).text(), long);
    assertEquals(await Response.json({ long }).json(), { long });
    assertEquals(await new Response("x").clone().text(), "x");
  } finally {
    TextEncoder.prototype.encode = encode;
  }
});
