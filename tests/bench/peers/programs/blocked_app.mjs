// The app of app_blocked.ts: `/waits?MS` and `/computes?MS` keep the thread of their worker for so many milliseconds.

const never = new Int32Array(new SharedArrayBuffer(4));

function computes(milliseconds) {
  const end = performance.now() + milliseconds;
  let rounds = 0;
  while (performance.now() < end) rounds++;
  return rounds;
}

export default {
  fetch(request) {
    const { url } = request;
    if (url.endsWith("/text")) return new Response("ok");
    const { pathname, search } = new URL(url);
    const milliseconds = Number(search.slice(1));
    if (pathname === "/waits") Atomics.wait(never, 0, 0, milliseconds);
    else computes(milliseconds);
    return new Response("back");
  },
};
