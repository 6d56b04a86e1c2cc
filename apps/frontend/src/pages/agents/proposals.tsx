/** Specs on disk that do not count yet: what they add, and a person's word that puts one in force. */
import { useMutation } from "@tanstack/react-query";
import { Failure } from "@/components/notice";
import { type Agents, api } from "@/lib/api";
import { agentsQuery } from "@/lib/governance";
import { queries } from "@/lib/queries";
import { visible } from "@/lib/text";
import { Spec } from "@/pages/agents/spec";

type Proposal = Agents["proposals"][number];

export function Proposals({ proposals, decides }: { proposals: Proposal[]; decides: boolean }) {
  if (proposals.length === 0) return null;
  return (
    <section aria-label="Proposals">
      <h3>Not in force</h3>
      <p className="quiet">
        The default branch does not have these. They count once they are merged, or when a person
        puts them in force here.
      </p>
      <div className="sources">
        {proposals.map((each) => (
          <ProposalCard key={each.digest} proposal={each} decides={decides} />
        ))}
      </div>
    </section>
  );
}

function ProposalCard({ proposal, decides }: { proposal: Proposal; decides: boolean }) {
  const approve = useMutation({
    mutationFn: () => api.approveSpec(proposal.digest),
    onSettled: () => queries.invalidateQueries(agentsQuery),
  });
  const added = [...proposal.adds_permissions, ...proposal.adds_patterns];
  return (
    <article className="card" data-testid="proposal">
      <div className="card-head">
        <b>{visible(proposal.spec?.name ?? proposal.path)}</b>
        <code className="quiet">{visible(proposal.path)}</code>
      </div>
      {proposal.problems.map((each) => (
        <p key={`${each.line} ${each.message}`}>
          line {each.line}: {visible(each.message)}
        </p>
      ))}
      {proposal.spec && <Spec spec={proposal.spec} added={added} />}
      {added.length > 0 && <p>It adds what is marked.</p>}
      {proposal.spec && decides && (
        <button
          type="button"
          className="button"
          disabled={approve.isPending}
          onClick={() => approve.mutate()}
        >
          Put in force
        </button>
      )}
      {approve.error && <Failure error={approve.error} />}
    </article>
  );
}
