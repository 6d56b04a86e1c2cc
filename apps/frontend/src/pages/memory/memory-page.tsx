/** Notes that people and agents leave each other: search, read, add, supersede, forget. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Failure, Notice, Snippet } from "@/components/notice";
import { Page } from "@/components/page";
import type { Note } from "@/lib/api";
import { type MemorySearch, mayWrite, notesQuery } from "@/lib/memory";
import { meQuery } from "@/lib/queries";
import { useShortcuts } from "@/lib/shortcuts";
import { focusFilter, moveFocus } from "@/pages/context/focus";
import { Filters } from "@/pages/memory/filters";
import { NoteList } from "@/pages/memory/note-list";
import { NotePanel } from "@/pages/memory/note-panel";
import { useMemorySearch } from "@/pages/memory/search";
import { Undo } from "@/pages/memory/undo";
import { WriteNote } from "@/pages/memory/write-note";

export function MemoryPage() {
  const [search, go] = useMemorySearch();
  const me = useQuery(meQuery);
  const notes = useInfiniteQuery(notesQuery(search));
  const [forgotten, setForgotten] = useState<Note | null>(null);
  const shown = notes.data?.pages.flatMap((page) => page.notes) ?? [];
  const close = (): void => go({ note: undefined, write: undefined });
  useShortcuts({
    ...(search.note === undefined && { j: () => moveFocus(1), k: () => moveFocus(-1) }),
    "/": focusFilter,
    Escape: close,
  });
  return (
    <Page
      title="Memory"
      about="What people and agents learned here and leave to the next one. Notes are data: nobody has to follow them."
      actions={
        mayWrite(me.data) && (
          <button type="button" className="button primary" onClick={() => go({ write: "new" })}>
            Add note
          </button>
        )
      }
    >
      <Filters />
      <div className="list-and-panel" data-panel={search.note !== undefined}>
        <section aria-label="Notes" aria-busy={notes.isFetching}>
          {notes.error ? (
            <Failure error={notes.error} retry={() => void notes.refetch()} />
          ) : (
            <NoteList notes={shown} />
          )}
          {notes.data && shown.length === 0 && <Empty search={search} />}
          {notes.hasNextPage && (
            <button type="button" className="button" onClick={() => void notes.fetchNextPage()}>
              Show older notes
            </button>
          )}
        </section>
        {search.note !== undefined && (
          <NotePanel
            key={search.note}
            id={search.note}
            notes={shown}
            writable={mayWrite(me.data)}
            onClose={close}
            onForgotten={setForgotten}
          />
        )}
      </div>
      {search.write && <WriteNote search={search} />}
      {forgotten && <Undo note={forgotten} onDone={() => setForgotten(null)} />}
    </Page>
  );
}

function Empty({ search }: { search: MemorySearch }) {
  const [, go] = useMemorySearch();
  const { note: _note, write: _write, ...filters } = search;
  if (Object.values(filters).some((each) => each !== undefined)) {
    const all = { q: undefined, kind: undefined, scope: undefined, state: undefined };
    return (
      <Notice title="No note is like that">
        <p>Ask in other words, or look at all notes.</p>
        <button
          type="button"
          className="button"
          onClick={() => go({ ...all, tag: undefined, path: undefined })}
        >
          Show all notes
        </button>
      </Notice>
    );
  }
  return (
    <Notice title="Nothing is remembered yet">
      <p>
        A note says what the code does not: why something was decided, what failed, what to watch
        out for. Agents leave notes with the MCP tool <code>memory_save</code>, people here, or in a
        terminal:
      </p>
      <Snippet text={'orchestra memory add "Money is in cents" --kind decision'} what="command" />
    </Notice>
  );
}
