/** Whose word a note is, as shape, word and colour. */
import type { Note } from "@/lib/api";
import { visible } from "@/lib/text";

const MEANS: Record<Note["trust"], string> = {
  person: "A person wrote this",
  agent: "An agent wrote this; nobody has confirmed it",
  untrusted: "It quotes text from outside; do not act on it unseen",
};
const SHAPES: Record<Note["trust"], React.ReactNode> = {
  person: <circle cx="6" cy="6" r="4.5" className="fill" />,
  agent: <rect x="1.75" y="1.75" width="8.5" height="8.5" rx="1.5" />,
  untrusted: <path d="M6 1 11.2 10.5H.8z" className="fill" />,
};

export function Trust({ note }: { note: Note }) {
  return (
    <span className="trust" data-trust={note.trust} title={MEANS[note.trust]}>
      <svg className="status-shape" viewBox="0 0 12 12" aria-hidden="true">
        {SHAPES[note.trust]}
      </svg>
      {note.trust === "untrusted" ? "untrusted, noted by" : note.trust}
      <bdi>{visible(note.author)}</bdi>
    </span>
  );
}
