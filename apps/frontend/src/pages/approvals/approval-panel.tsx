/** One request in full: all that an approval would bind to, and the decision. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Ago } from "@/components/ago";
import { JsonView } from "@/components/json-view";
import { Failure } from "@/components/notice";
import { Said } from "@/components/said";
import { SidePanel } from "@/components/side-panel";
import type { Approval, Me } from "@/lib/api";
import { approvalQuery } from "@/lib/approvals";
import { visible } from "@/lib/text";
import { ApprovalHead } from "@/pages/approvals/approval-list";
import { Decide } from "@/pages/approvals/decide";
import { useApprovalSearch } from "@/pages/approvals/search";

interface Props {
  id: string;
  /** The list beside it, for next and previous. */
  approvals: readonly Approval[];
  me: Me | undefined;
  decides: boolean;
  onClose: () => void;
}

export function ApprovalPanel({ id, approvals, me, decides, onClose }: Props) {
  const [, go] = useApprovalSearch();
  const { data, error, refetch } = useQuery(approvalQuery(id));
  const at = approvals.findIndex((each) => each.id === id);
  const to = (index: number): (() => void) | undefined => {
    const other = at < 0 ? undefined : approvals[index];
    return other && (() => go({ approval: other.id }));
  };
  return (
    <SidePanel
      label="Approval"
      title={<code className="wrap">{visible(id)}</code>}
      onClose={onClose}
      onNext={to(at + 1)}
      onPrevious={to(at - 1)}
    >
      {error && <Failure error={error} retry={() => void refetch()} />}
      {data && (
        <>
          <ApprovalHead approval={data} />
          <bdi className="row-text">
            <code>{visible(data.summary)}</code>
          </bdi>
          <p>
            <Said text={data.reason} />
          </p>
          {data.warnings.map((warning) => (
            <p key={warning} className="tag warn" role="alert">
              {visible(warning)}
            </p>
          ))}
          {data.state === "pending" && <Verdict approval={data} me={me} decides={decides} />}
          <Facts approval={data} />
          <h3>What the approval binds to</h3>
          <JsonView value={data.subject} name={data.id} />
        </>
      )}
    </SidePanel>
  );
}

function Verdict({
  approval,
  me,
  decides,
}: Pick<Props, "me" | "decides"> & { approval: Approval }) {
  if (!decides) {
    return (
      <p className="quiet">
        People decide whose key has the scope <code>approvals:decide</code>.
      </p>
    );
  }
  if (approval.requester === me?.principal.name) {
    return <p className="quiet">You asked for it, so another person decides.</p>;
  }
  return <Decide id={approval.id} />;
}

function Facts({ approval }: { approval: Approval }) {
  const fields: [string, ReactNode][] = [
    ["asked", <Ago key="asked" at={approval.created_at} />],
    ["by", visible(`${approval.requester} (${approval.requester_kind})`)],
  ];
  if (approval.session) fields.push(["session", <code key="s">{visible(approval.session)}</code>]);
  if (approval.paths.length > 0) fields.push(["writes", approval.paths.map(visible).join(", ")]);
  if (approval.decided_by) {
    fields.push(["decided by", visible(approval.decided_by)]);
    fields.push(["decided", <Ago key="decided" at={approval.decided_at} />]);
  }
  if (approval.comment) fields.push(["comment", visible(approval.comment)]);
  if (approval.used_at) fields.push(["used", <Ago key="used" at={approval.used_at} />]);
  if (approval.state === "pending" || approval.state === "approved") {
    fields.push(["good until", new Date(approval.expires_at).toLocaleString()]);
  }
  fields.push(["hash", <code key="hash">{approval.hash.slice(0, 16)}</code>]);
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
