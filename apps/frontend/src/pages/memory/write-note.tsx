/** Writes a note, or what stands in the place of one that is not true any more. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Dialog } from "@/components/dialog";
import { Failure } from "@/components/notice";
import { type AddedNote, api, type Note } from "@/lib/api";
import { KINDS, listOf, type MemorySearch, NOTES, noteQuery, SCOPES } from "@/lib/memory";
import { queries } from "@/lib/queries";
import { NoteText } from "@/pages/memory/note-list";
import { useMemorySearch } from "@/pages/memory/search";

const DAYS = [1, 7, 30, 365];
const DAY = 86_400_000; // ms

export function WriteNote({ search }: { search: MemorySearch }) {
  const successor = search.write === "successor";
  const old = useQuery({ ...noteQuery(search.note ?? ""), enabled: successor });
  if (!successor) return <Form old={null} />;
  return old.data ? <Form key={old.data.id} old={old.data} /> : null;
}

function Form({ old }: { old: Note | null }) {
  const [, go] = useMemorySearch();
  const [like, setLike] = useState<AddedNote | null>(null);
  const close = (): void => go({ write: undefined }, { replace: true });
  const save = useMutation({
    mutationFn: (form: FormData) => (old ? api.supersedeNote(old.id, order(form)) : add(form)),
    onSuccess: (added) => {
      void queries.invalidateQueries(NOTES);
      if (added.duplicate || added.similar.length > 0) setLike(added);
      else go({ write: undefined, note: added.note.id }, { replace: true });
    },
  });
  if (like) return <Like added={like} />;
  return (
    <Dialog label={old ? "Supersede note" : "Add note"} onClose={close} className="form note-form">
      <h2>{old ? "What is true instead?" : "Add a note"}</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate(new FormData(event.currentTarget));
        }}
      >
        {old && <NoteText text={old.text} />}
        <label>
          {old ? "The new note" : "What should the next one know?"}
          <textarea name="text" required maxLength={4096} rows={5} defaultValue={old?.text} />
        </label>
        <div className="row">
          <Select label="Kind" name="kind" of={KINDS} chosen={old?.kind ?? "fact"} />
          {!old && <Select label="Seen by" name="scope" of={SCOPES} chosen="repository" />}
          <label>
            Ends
            <select name="days" defaultValue="">
              <option value="">never</option>
              {DAYS.map((days) => (
                <option key={days} value={days}>
                  in {days} {days === 1 ? "day" : "days"}
                </option>
              ))}
            </select>
          </label>
        </div>
        <label>
          Tags
          <input name="tags" defaultValue={old?.tags.join(", ")} placeholder="release, database" />
        </label>
        <label>
          Files that it speaks of
          <input name="paths" defaultValue={old?.paths.join(", ")} placeholder="src/app.py" />
        </label>
        <label className="check">
          <input type="checkbox" name="untrusted" defaultChecked={old?.trust === "untrusted"} />
          It quotes text from outside: an issue, a page, a log
        </label>
        {save.error && <Failure error={save.error} />}
        <div className="row end">
          <button type="button" className="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" className="button primary" disabled={save.isPending}>
            {old ? "Supersede" : "Add note"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** A note that was known already, or others that may not be true any more. */
function Like({ added }: { added: AddedNote }) {
  const [, go] = useMemorySearch();
  const close = (): void => go({ write: undefined, note: added.note.id }, { replace: true });
  const others = added.duplicate ? [added.note] : added.similar;
  return (
    <Dialog label="Similar notes" onClose={close} className="form">
      <h2>{added.duplicate ? "That is known already" : "Added. Are these still true?"}</h2>
      <ul className="rows">
        {others.map((note) => (
          <li key={note.id}>
            <button type="button" onClick={() => go({ write: undefined, note: note.id })}>
              <NoteText text={note.text} />
            </button>
          </li>
        ))}
      </ul>
      <button type="button" className="button primary" onClick={close}>
        {added.duplicate ? "Show it" : "Show the new note"}
      </button>
    </Dialog>
  );
}

interface SelectProps {
  label: string;
  name: string;
  of: readonly string[];
  chosen: string;
}

function Select({ label, name, of, chosen }: SelectProps) {
  return (
    <label>
      {label}
      <select name={name} defaultValue={chosen}>
        {of.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    </label>
  );
}

function add(form: FormData): Promise<AddedNote> {
  return api.addNote({ ...order(form), scope: String(form.get("scope")) });
}

function order(form: FormData) {
  const days = Number(form.get("days"));
  return {
    text: String(form.get("text")),
    kind: form.get("kind") as Note["kind"],
    tags: listOf(String(form.get("tags")), /[,\s]+/),
    paths: listOf(String(form.get("paths")), /,/),
    expires_at: days ? new Date(Date.now() + days * DAY).toISOString() : null,
    untrusted: form.get("untrusted") !== null,
  };
}
