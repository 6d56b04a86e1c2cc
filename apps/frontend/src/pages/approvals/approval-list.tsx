/** Requests, one row each: what would be done, who asks, and how it stands. */
import { Ago } from "@/components/ago";
import type { Approval } from "@/lib/api";
import { TONES } from "@/lib/approvals";
import { visible } from "@/lib/text";
import { useApprovalSearch } from "@/pages/approvals/search";

export function ApprovalList({ approvals }: { approvals: readonly Approval[] }) {
  const [search, go] = useApprovalSearch();
  return (
    <ul className="rows" data-rows aria-label="Requests">
      {approvals.map((each) => (
        <li key={each.id} data-testid="approval" data-over={TONES[each.state] === "over"}>
          <button
            type="button"
            data-row
            aria-current={each.id === search.approval}
            onClick={() => go({ approval: each.id })}
          >
            <ApprovalHead approval={each} />
            <bdi className="row-text">
              <code>{visible(each.summary)}</code>
            </bdi>
          </button>
        </li>
      ))}
    </ul>
  );
}

export function ApprovalHead({ approval }: { approval: Approval }) {
  return (
    <span className="row-head">
      <span className="outcome" data-tone={TONES[approval.state]}>
        {approval.state}
      </span>
      <bdi>{visible(approval.requester)}</bdi>
      {approval.permission && <code>{visible(approval.permission)}</code>}
      {approval.destructive && <span className="tag warn">destroys</span>}
      {approval.egress && <span className="tag warn">sends out</span>}
      <Ago at={approval.created_at} />
    </span>
  );
}
