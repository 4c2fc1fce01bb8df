// Notes in SQLite, by Node's own module: async-deno --app database.ts --app-allow read=DIR,write=DIR,env=NOTES_FILE
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";

// Every worker opens the file; SQLite keeps them apart.
const database = new DatabaseSync(process.env.NOTES_FILE ?? join(import.meta.dirname!, "notes.db"));
database.exec("PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 5000");
database.exec("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)");
const all = database.prepare("SELECT id, text FROM notes ORDER BY id");
const add = database.prepare("INSERT INTO notes (text) VALUES (?) RETURNING id");

export default {
  async fetch(request: Request): Promise<Response> {
    if (request.method === "GET") return Response.json(all.all());
    return Response.json(add.get(await request.text()), { status: 201 });
  },
  stop() {
    database.close();
  },
};
