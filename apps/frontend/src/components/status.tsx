/** A status as shape, word and colour: any one of the three is enough to tell it. */
import { STATUS_MEANS, type StatusWord } from "@/lib/topics";

const SHAPES: Record<StatusWord, React.ReactNode> = {
  ok: <circle cx="6" cy="6" r="4.5" className="fill" />,
  stale: (
    <>
      <circle cx="6" cy="6" r="4.25" />
      <path d="M6 1.75a4.25 4.25 0 0 1 0 8.5z" className="fill" />
    </>
  ),
  unconfigured: <circle cx="6" cy="6" r="4.25" strokeDasharray="2.2 2.25" />,
  unavailable: <path d="M6 1 11.2 10.5H.8z" className="fill" />,
  waiting: <path d="M2 6h.01M6 6h.01M10 6h.01" strokeWidth="2.4" />,
};

export function StatusShape({ status }: { status: StatusWord }) {
  return (
    <svg className="status-shape" data-status={status} viewBox="0 0 12 12" aria-hidden="true">
      {SHAPES[status]}
    </svg>
  );
}

export function Status({ status }: { status: StatusWord }) {
  return (
    <span className="status" data-status={status} title={STATUS_MEANS[status]}>
      <StatusShape status={status} />
      {status}
    </span>
  );
}
