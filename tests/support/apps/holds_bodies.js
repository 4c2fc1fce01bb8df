/** An app for tests that holds the bodies of requests, in each way that Deno's own classes know. */

const WAYS = {
  "/not-read": (request) => void request.body.getReader(),
  "/clone": (request) => request.clone().text(),
  "/one-of-two": (request) => {
    const copy = request.clone();
    return request.text().then(() => copy);
  },
  "/new-request": (request) => new Request(request).arrayBuffer(),
  "/new-response": (request) => new Response(request.body).json(),
  "/body-read-first": (request) => {
    request.body;
    return request.bytes();
  },
};

export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    await WAYS[pathname](request);
    await new Promise(() => {}); // the client is told that there is no memory
  },
};
