/** An app for tests that reads the body of a request in the way that its path names. /events tells how that ended. */

const events = [];

const WAYS = {
  text: (request) => request.text(),
  json: (request) => request.json(),
  bytes: (request) => request.bytes(),
  arrayBuffer: (request) => request.arrayBuffer(),
  blob: (request) => request.blob(),
  formData: (request) => request.formData(),
  clone: (request) => request.clone().text(),
  copy: (request) => new Request(request).text(),
  async stream(request) {
    let length = 0;
    for await (const piece of request.body) length += piece.length;
    return length;
  },
};

export default {
  async fetch(request) {
    const way = new URL(request.url).pathname.slice(1);
    if (way === "events") return Response.json(events);
    events.push([way, "begun"]);
    try {
      await WAYS[way](request);
      events.push([way, "read"]);
    } catch (error) {
      // Not its name: that of Deno's is that of a resource of its own.
      events.push([way, "rejected", error instanceof Error, request.bodyUsed]);
    }
    return new Response("nobody");
  },
};
