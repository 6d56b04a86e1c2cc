/** A fake of `/api/v1/memory` that speaks its real contract. */
import type { AddedNote, Note } from "@/lib/api";

export const SAID = "Money is in cents,\nas integers";

export function note(nth: number, more: Partial<Note> = {}): Note {
  return {
    id: `mem_${String(nth).padStart(16, "0")}`,
    text: `note ${nth}`,
    kind: "fact",
    scope: "repository",
    tags: [],
    paths: [],
    author: "claude",
    trust: "agent",
    commit: "c".repeat(40),
    created_at: "2026-11-23T12:00:00Z",
    expires_at: null,
    superseded_by: null,
    forgotten_by: null,
    state: "current",
    ...more,
  };
}

/** Notes, newest first, and what was asked of them. */
export class FakeNotes {
  notes: Note[] = [];
  readonly queries: string[] = [];

  async answer(request: Request): Promise<{ status: number; body: unknown } | null> {
    const { pathname, searchParams } = new URL(request.url);
    const [, id, verb] = pathname.match(/^\/api\/v1\/memory(?:\/(\w+))?(?:\/(\w+))?$/) ?? [];
    if (!pathname.startsWith("/api/v1/memory")) return null;
    const body = request.method === "POST" && verb !== "restore" ? await request.json() : {};
    const old = this.notes.find((each) => each.id === id);
    if (id === undefined) {
      return request.method === "POST" ? this.add(body) : this.list(searchParams);
    }
    if (!old) {
      const detail = `there is no note \`${id}\` that you can see`;
      return { status: 404, body: { detail, hint: "see `orchestra memory list`" } };
    }
    if (verb === "supersede") {
      const added = this.add(body);
      this.change(id, { state: "superseded", superseded_by: added.body.note.id });
      return added;
    }
    if (verb === "restore") return this.change(id, { state: "current", forgotten_by: null });
    if (request.method === "DELETE") {
      return this.change(id, { state: "forgotten", forgotten_by: "ada" });
    }
    const after = this.notes.filter((each) => each.id === old.superseded_by);
    return { status: 200, body: { ...old, history: [old, ...after] } };
  }

  private list(asked: URLSearchParams) {
    this.queries.push(asked.toString());
    const query = asked.get("query") ?? "";
    const state = asked.get("state") ?? "current";
    const notes = this.notes.filter(
      (each) => (state === "any" || each.state === state) && each.text.includes(query),
    );
    return { status: 200, body: { notes, next_before: null } };
  }

  private add(order: Partial<Note> & { text: string }): { status: number; body: AddedNote } {
    const known = this.notes.find((each) => each.text === order.text);
    if (known) return { status: 200, body: { note: known, duplicate: true, similar: [] } };
    const { text, kind = "fact", tags = [], paths = [] } = order;
    const made = note(100 + this.notes.length, { text, kind, tags, paths, trust: "person" });
    const similar = this.notes.filter((each) => each.text.split(" ")[0] === text.split(" ")[0]);
    this.notes = [{ ...made, author: "ada" }, ...this.notes];
    return { status: 201, body: { note: made, duplicate: false, similar } };
  }

  private change(id: string, how: Partial<Note>) {
    this.notes = this.notes.map((each) => (each.id === id ? { ...each, ...how } : each));
    return { status: 200, body: this.notes.find((each) => each.id === id) };
  }
}
