/** What agents may do only when a person says so: read what it is, then approve or deny. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { Failure, Notice, Snippet } from "@/components/notice";
import { Page } from "@/components/page";
import { APPROVALS, approvalsQuery, mayDecide, STATES } from "@/lib/approvals";
import { useFact } from "@/lib/context";
import { meQuery, queries } from "@/lib/queries";
import { useShortcuts } from "@/lib/shortcuts";
import { ApprovalList } from "@/pages/approvals/approval-list";
import { ApprovalPanel } from "@/pages/approvals/approval-panel";
import { useApprovalSearch } from "@/pages/approvals/search";
import { moveFocus } from "@/pages/context/focus";

export function ApprovalsPage() {
  const [search, go] = useApprovalSearch();
  const me = useQuery(meQuery);
  const approvals = useInfiniteQuery(approvalsQuery(search));
  const shown = approvals.data?.pages.flatMap((page) => page.approvals) ?? [];
  const state = search.state ?? "pending";
  const close = (): void => go({ approval: undefined });
  useNews();
  useShortcuts({
    ...(search.approval === undefined && { j: () => moveFocus(1), k: () => moveFocus(-1) }),
    Escape: close,
  });
  return (
    <Page
      title="Approvals"
      about="Acts of agents that wait for a person. An approval is good once, for exactly what was shown, and for an hour."
    >
      <div className="row-filters">
        <select
          aria-label="State"
          value={state}
          onChange={(event) => go({ state: STATES.find((each) => each === event.target.value) })}
        >
          {STATES.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </div>
      <div className="list-and-panel" data-panel={search.approval !== undefined}>
        <section aria-label="Approvals" aria-busy={approvals.isFetching}>
          {approvals.error ? (
            <Failure error={approvals.error} retry={() => void approvals.refetch()} />
          ) : (
            <ApprovalList approvals={shown} />
          )}
          {approvals.data && shown.length === 0 && <Empty state={state} />}
          {approvals.hasNextPage && (
            <button type="button" className="button" onClick={() => void approvals.fetchNextPage()}>
              Show older ones
            </button>
          )}
        </section>
        {search.approval !== undefined && (
          <ApprovalPanel
            key={search.approval}
            id={search.approval}
            approvals={shown}
            me={me.data}
            decides={mayDecide(me.data)}
            onClose={close}
          />
        )}
      </div>
    </Page>
  );
}

/** The live context tells of every request and decision; the list is asked for anew then. */
function useNews(): void {
  const fact = useFact("approvals");
  useEffect(() => {
    if (fact) void queries.invalidateQueries(APPROVALS);
  }, [fact]);
}

function Empty({ state }: { state: string }) {
  if (state !== "pending") {
    return <Notice title={state === "any" ? "Nothing was asked yet" : `None is ${state}`} />;
  }
  return (
    <Notice title="Nothing waits for you">
      <p>
        When an agent is about to do what its spec allows but no pattern approves, the request
        appears here at once. In a terminal:
      </p>
      <Snippet text="orchestra approvals list" what="command" />
    </Notice>
  );
}
