/** The agents of this repository: what each may do, and what waits to count. */
import { useQuery } from "@tanstack/react-query";
import { Failure, Notice, Snippet } from "@/components/notice";
import { Page } from "@/components/page";
import type { Agents } from "@/lib/api";
import { mayDecide } from "@/lib/approvals";
import { agentsQuery } from "@/lib/governance";
import { meQuery } from "@/lib/queries";
import { visible } from "@/lib/text";
import { Proposals } from "@/pages/agents/proposals";
import { Spec } from "@/pages/agents/spec";

export function AgentsPage() {
  const me = useQuery(meQuery);
  const agents = useQuery(agentsQuery);
  return (
    <Page
      title="Agents"
      about={
        <>
          What each agent may do, as <code>.cursor/agents/*.yaml</code> on the default branch says
          it. What is not said there is refused.
        </>
      }
    >
      {agents.error && <Failure error={agents.error} retry={() => void agents.refetch()} />}
      {agents.data && (
        <>
          <Problems problems={agents.data.problems} />
          <Proposals proposals={agents.data.proposals} decides={mayDecide(me.data)} />
          {agents.data.agents.length === 0 ? <Empty /> : <InForce list={agents.data} />}
          <WithoutSpec names={agents.data.without_spec} />
        </>
      )}
    </Page>
  );
}

function InForce({ list }: { list: Agents }) {
  return (
    <section aria-label="In force">
      <h3>
        In force{" "}
        {list.commit && (
          <span className="quiet">
            {visible(list.ref?.replace("refs/heads/", "") ?? "")} at{" "}
            <code>{list.commit.slice(0, 10)}</code>
          </span>
        )}
      </h3>
      <div className="sources">
        {list.agents.map((agent) => (
          <article key={agent.slug} className="card" data-testid="agent">
            <div className="card-head">
              <b>{visible(agent.name)}</b>
              <code className="quiet">{visible(agent.path)}</code>
            </div>
            <Spec spec={agent} />
            <p className="quiet">
              {agent.principals.length > 0
                ? `acts as ${agent.principals.map(visible).join(", ")}`
                : `no key yet: orchestra keys create ${agent.slug} --preset agent`}
            </p>
            {agent.approved_by && (
              <p className="tag warn">put in force by {visible(agent.approved_by)}</p>
            )}
          </article>
        ))}
      </div>
    </section>
  );
}

function Problems({ problems }: { problems: Agents["problems"] }) {
  if (problems.length === 0) return null;
  return (
    <section aria-label="Problems">
      <h3>Files that do not count</h3>
      {problems.map((each) => (
        <div key={`${each.path}:${each.line}:${each.message}`} className="notice failure">
          <p>
            <code>
              {visible(each.path)}:{each.line}
            </code>{" "}
            {visible(each.message)}
          </p>
          <p className="quiet">{visible(each.hint)}</p>
        </div>
      ))}
    </section>
  );
}

function WithoutSpec({ names }: { names: readonly string[] }) {
  if (names.length === 0) return null;
  return (
    <section aria-label="Without a spec">
      <h3>Keys without a spec</h3>
      <p className="quiet">
        They see the context and take tasks as their scopes say, but have no permissions.
      </p>
      <p className="row">
        {names.map((name) => (
          <span key={name} className="tag">
            <bdi>{visible(name)}</bdi>
          </span>
        ))}
      </p>
    </section>
  );
}

function Empty() {
  const example = `name: Deploy Agent
permissions:
  - vercel:deploy
auto_approve_patterns:
  - "web/**"`;
  return (
    <Notice title="No agent has a spec yet">
      <p>
        Without one an agent may read and write files, and nothing outside. Commit a file such as
        this as <code>.cursor/agents/deploy.yaml</code>, then run <code>orchestra connect</code>:
      </p>
      <Snippet text={example} what="file" />
    </Notice>
  );
}
