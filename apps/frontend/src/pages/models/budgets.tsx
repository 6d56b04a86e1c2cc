/** Budgets: how far each is spent, and when it begins anew. */
import { Notice, Snippet } from "@/components/notice";
import { StatusShape } from "@/components/status";
import type { Budget } from "@/lib/api";
import { money, standing, whose } from "@/lib/models";
import { visible } from "@/lib/text";

const SAYS = { ok: "within", stale: "nearly spent", unavailable: "spent" } as const;

export function Budgets({ budgets }: { budgets: readonly Budget[] }) {
  return (
    <section aria-label="Budgets">
      <h2>Budgets</h2>
      {budgets.length === 0 ? (
        <Notice title="There is no budget">
          <p>Whoever has the scope models:use may spend without a limit. Set one:</p>
          <Snippet text="orchestra gateway budget set system '*' 20/day" what="command" />
        </Notice>
      ) : (
        <ul className="rows" aria-label="Budgets">
          {budgets.map((budget) => (
            <Row key={`${budget.kind} ${budget.subject} ${budget.period}`} budget={budget} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Row({ budget }: { budget: Budget }) {
  const { share, held, status } = standing(budget);
  return (
    <li data-testid="budget">
      <div data-row>
        <div className="row-head">
          <span className="status" data-status={status}>
            <StatusShape status={status} />
            {SAYS[status as keyof typeof SAYS]}
          </span>
          <b>{visible(whose(budget))}</b>
          <span className="quiet">
            {money(budget.amount)} {budget.period === "ever" ? "in all" : `a ${budget.period}`}
          </span>
          <span className="quiet">
            {budget.ends === null
              ? "does not begin anew"
              : `begins anew ${new Date(budget.ends).toLocaleString()}`}
          </span>
          <b className="amount">
            {money(budget.spent)} spent
            {Number(budget.held) > 0 && (
              <span className="quiet"> and {money(budget.held)} set aside</span>
            )}
          </b>
        </div>
        <svg
          className="bar"
          data-status={status}
          viewBox="0 0 100 1"
          preserveAspectRatio="none"
          aria-hidden="true"
        >
          <rect className="spent" width={share * 100} height="1" />
          <rect className="held" x={share * 100} width={held * 100} height="1" />
        </svg>
      </div>
    </li>
  );
}
