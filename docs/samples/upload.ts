// Takes an upload of any size piece by piece, and answers with its size and SHA-256. Runs here (--max-body 64m), and with `bun upload.ts`.
import { createHash } from "node:crypto";

export default {
  async fetch(request: Request): Promise<Response> {
    if (request.method !== "POST" || request.body === null) {
      return new Response("POST a body\n", { status: 405, headers: { allow: "POST" } });
    }
    const hash = createHash("sha256");
    let bytes = 0;
    // The client is not read faster than this loop takes the pieces.
    for await (const piece of request.body) {
      hash.update(piece);
      bytes += piece.length;
    }
    return Response.json({ bytes, sha256: hash.digest("hex") });
  },
};
