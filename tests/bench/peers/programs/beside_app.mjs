// The app of app_beside.ts: `?redis=URL` begins to ask Redis from a timer, `?stop` ends it and tells how late and how long that was.

import { Redis } from "npm:ioredis@6.0.0";

const INTERVAL = 5;
const UNDER_WAY = 4;

let redis;
let timer;
let late = [];
let took = [];

function begin(url) {
  redis = new Redis(url);
  let due = performance.now() + INTERVAL;
  timer = setInterval(() => {
    const now = performance.now();
    late.push(Math.max(now - due, 0));
    due = now + INTERVAL;
    for (let i = 0; i < UNDER_WAY; i++) void ask(i);
  }, INTERVAL);
}

async function ask(i) {
  const begun = performance.now();
  await redis.incr(`key ${i}`);
  took.push(performance.now() - begun);
}

function end() {
  clearInterval(timer);
  redis.disconnect();
  const told = { late, took };
  [late, took] = [[], []];
  return Response.json(told);
}

export default {
  fetch(request) {
    const { url } = request;
    if (url.endsWith("/text")) return new Response("ok");
    const { searchParams } = new URL(url);
    if (searchParams.has("stop")) return end();
    begin(searchParams.get("redis"));
    return new Response("begun");
  },
};
