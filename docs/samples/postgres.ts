// Notes in PostgreSQL (npm install postgres): async-deno --app postgres.ts --app-allow "net=localhost:5432,env=DATABASE_URL,env=PG*"
import postgres from "postgres";

const sql = postgres(process.env.DATABASE_URL ?? "postgres://localhost/notes", {
  max: 4,
  onnotice: () => {},
});

export default {
  async start() {
    await sql`CREATE TABLE IF NOT EXISTS notes (id serial PRIMARY KEY, text text NOT NULL)`.catch(
      () => {},
    );
  },
  async fetch(request: Request): Promise<Response> {
    if (request.method === "GET") {
      return Response.json(await sql`SELECT id, text FROM notes ORDER BY id`);
    }
    const [row] = await sql`INSERT INTO notes (text) VALUES (${await request.text()}) RETURNING id`;
    return Response.json(row, { status: 201 });
  },
  async stop() {
    await sql.end({ timeout: 1 });
  },
};
