/** Notes, one row each: what it is, whose word it is, what it says. */
import { Ago } from "@/components/ago";
import type { Note } from "@/lib/api";
import { visible } from "@/lib/text";
import { useMemorySearch } from "@/pages/memory/search";
import { Trust } from "@/pages/memory/trust";

export function NoteList({ notes }: { notes: readonly Note[] }) {
  const [search, go] = useMemorySearch();
  return (
    <ul className="rows" data-rows aria-label="Notes">
      {notes.map((note) => (
        <li key={note.id} data-testid="note" data-state={note.state}>
          <button
            type="button"
            data-row
            aria-current={note.id === search.note}
            onClick={() => go({ note: note.id })}
          >
            <NoteHead note={note} />
            <NoteText text={note.text} />
          </button>
        </li>
      ))}
    </ul>
  );
}

export function NoteHead({ note }: { note: Note }) {
  return (
    <span className="row-head">
      <b>{note.kind}</b>
      <Trust note={note} />
      {note.scope !== "repository" && <span className="tag">{visible(note.scope)}</span>}
      {note.state !== "current" && <span className="tag warn">{note.state}</span>}
      <Ago at={note.created_at} />
    </span>
  );
}

/** The text of others, line by line; what does not show in it is shown as what it is. */
export function NoteText({ text }: { text: string }) {
  return (
    <bdi className="note-text" data-testid="note-text">
      {text.split("\n").map(visible).join("\n")}
    </bdi>
  );
}
