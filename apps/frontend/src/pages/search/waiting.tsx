/** What is shown while there is no answer: that it is awaited, why not yet, or what went wrong. */
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { Failure, Notice } from "@/components/notice";
import { Said } from "@/components/said";
import { Problem } from "@/lib/api";
import { queries } from "@/lib/queries";
import { CODE, indexQuery, notYet } from "@/lib/search";

interface Props {
  asked: Pick<UseQueryResult, "error" | "failureReason">;
  /** What is done meanwhile: `Searching`. */
  doing: string;
}

export function Waiting({ asked, doing }: Props) {
  const index = useQuery(indexQuery);
  const again = (): void => void queries.resetQueries(CODE);
  if (asked.error) return <Failure error={asked.error} retry={again} />;
  const reason = asked.failureReason;
  if (!reason && index.data?.ready !== false) {
    return (
      <p className="quiet code-waiting" role="status">
        {doing}…
      </p>
    );
  }
  const said = notYet(reason) ? reason?.message : null;
  return (
    <Notice title={<Said text={said ?? "the code index is still being built"} />}>
      <p role="status">
        {reason instanceof Problem && reason.hint && <Said text={`${reason.hint}. `} />}
        The answer comes by itself as soon as there is one.
      </p>
      {index.data && index.data.total > 0 && !index.data.ready && (
        <progress
          aria-label="Files that have been read"
          value={index.data.done}
          max={index.data.total}
        />
      )}
      <button type="button" className="button" onClick={again}>
        Try again now
      </button>
    </Notice>
  );
}
