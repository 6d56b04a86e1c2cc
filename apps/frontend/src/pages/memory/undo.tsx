/** Says that a note was forgotten, and takes it back. */
import { useMutation } from "@tanstack/react-query";
import { Icon } from "@/components/icon";
import { api, type Note } from "@/lib/api";
import { NOTES } from "@/lib/memory";
import { queries } from "@/lib/queries";
import { visible } from "@/lib/text";

export function Undo({ note, onDone }: { note: Note; onDone: () => void }) {
  const restore = useMutation({
    mutationFn: () => api.restoreNote(note.id),
    onSuccess: () => {
      void queries.invalidateQueries(NOTES);
      onDone();
    },
  });
  return (
    <div className="undo" role="status">
      <span>
        {restore.error ? visible(restore.error.message) : "Forgotten:"}{" "}
        <bdi className="quiet">{visible((note.text.split("\n")[0] ?? "").slice(0, 80))}</bdi>
      </span>
      <button
        type="button"
        className="button small"
        disabled={restore.isPending}
        onClick={() => restore.mutate()}
      >
        Undo
      </button>
      <button type="button" className="icon-button" aria-label="Dismiss" onClick={onDone}>
        <Icon name="close" />
      </button>
    </div>
  );
}
