/** One note in full: what it speaks of, where it came from, and what can be done with it. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { Ago } from "@/components/ago";
import { Failure } from "@/components/notice";
import { SidePanel } from "@/components/side-panel";
import { api, type Note } from "@/lib/api";
import { NOTES, noteQuery } from "@/lib/memory";
import { queries } from "@/lib/queries";
import { visible } from "@/lib/text";
import { NoteHead, NoteText } from "@/pages/memory/note-list";
import { useMemorySearch } from "@/pages/memory/search";

interface Props {
  id: string;
  /** The list beside it, for next and previous. */
  notes: readonly Note[];
  writable: boolean;
  onClose: () => void;
  onForgotten: (note: Note) => void;
}

export function NotePanel({ id, notes, writable, onClose, onForgotten }: Props) {
  const [, go] = useMemorySearch();
  const note = useQuery(noteQuery(id));
  const at = notes.findIndex((each) => each.id === id);
  const to = (index: number): (() => void) | undefined => {
    const other = at < 0 ? undefined : notes[index];
    return other && (() => go({ note: other.id }, { replace: true }));
  };
  return (
    <SidePanel
      label="Note"
      title={<code className="wrap">{visible(id)}</code>}
      onClose={onClose}
      onNext={to(at + 1)}
      onPrevious={to(at - 1)}
    >
      {note.error && <Failure error={note.error} retry={() => void note.refetch()} />}
      {note.data && (
        <>
          <NoteHead note={note.data} />
          <NoteText text={note.data.text} />
          <Facts note={note.data} />
          {writable && (
            <Actions
              note={note.data}
              onForgotten={(gone) => {
                onForgotten(gone);
                onClose();
              }}
            />
          )}
          {note.data.history.length > 1 && <History notes={note.data.history} shown={id} />}
        </>
      )}
    </SidePanel>
  );
}

function Actions({ note, onForgotten }: { note: Note; onForgotten: (note: Note) => void }) {
  const [, go] = useMemorySearch();
  const done = () => queries.invalidateQueries(NOTES);
  const restore = useMutation({ mutationFn: () => api.restoreNote(note.id), onSuccess: done });
  const forget = useMutation({
    mutationFn: () => api.forgetNote(note.id),
    onSuccess: (gone) => {
      void done();
      onForgotten(gone);
    },
  });
  const error = restore.error ?? forget.error;
  const live = note.state === "current" || note.state === "expired";
  return (
    <>
      <div className="row">
        {live && (
          <button type="button" className="button" onClick={() => go({ write: "successor" })}>
            Supersede…
          </button>
        )}
        {note.state !== "forgotten" && (
          <button
            type="button"
            className="button"
            disabled={forget.isPending}
            onClick={() => forget.mutate()}
          >
            Forget
          </button>
        )}
        {note.state !== "current" && (
          <button
            type="button"
            className="button"
            disabled={restore.isPending}
            onClick={() => restore.mutate()}
          >
            Restore
          </button>
        )}
      </div>
      {error && <Failure error={error} />}
    </>
  );
}

function Facts({ note }: { note: Note }) {
  const [, go] = useMemorySearch();
  const fields: [string, React.ReactNode][] = [
    ["scope", visible(note.scope)],
    ["written", <Ago key="at" at={note.created_at} />],
  ];
  if (note.commit) fields.push(["commit", <code key="c">{note.commit.slice(0, 12)}</code>]);
  if (note.expires_at) fields.push(["ends", new Date(note.expires_at).toLocaleString()]);
  if (note.forgotten_by) fields.push(["forgotten by", visible(note.forgotten_by)]);
  const links = (field: "tag" | "path", all: readonly string[]): React.ReactNode =>
    all.map((each) => (
      <button key={each} type="button" className="tag" onClick={() => go({ [field]: each })}>
        <bdi>{visible(each)}</bdi>
      </button>
    ));
  if (note.tags.length > 0) fields.push(["tags", links("tag", note.tags)]);
  if (note.paths.length > 0) fields.push(["files", links("path", note.paths)]);
  return (
    <dl className="fields">
      {fields.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function History({ notes, shown }: { notes: readonly Note[]; shown: string }) {
  const [, go] = useMemorySearch();
  return (
    <section className="note-history">
      <h3>History, oldest first</h3>
      <ol>
        {notes.map((note) => (
          <li key={note.id} aria-current={note.id === shown}>
            <button type="button" onClick={() => go({ note: note.id })}>
              <NoteHead note={note} />
              <NoteText text={note.text} />
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}
