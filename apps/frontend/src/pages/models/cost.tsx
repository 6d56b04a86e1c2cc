/** What was spent: a bar and the figures for each day, agent or model. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Failure, Notice, Snippet } from "@/components/notice";
import type { Cost } from "@/lib/api";
import { costQuery, GROUPS, type ModelSearch, money, SPANS, spent } from "@/lib/models";
import { visible } from "@/lib/text";
import { plural } from "@/lib/topics";

export function CostTable() {
  const search = useSearch({ from: "/models" });
  const navigate = useNavigate();
  const cost = useQuery(costQuery(search));
  const go = (change: ModelSearch) =>
    void navigate({ to: "/models", search: { ...search, ...change }, resetScroll: false });
  const { by = "day", days = 7 } = search;
  return (
    <section aria-label="Cost">
      <div className="models-head">
        <h2>Cost</h2>
        <Choice
          label="Grouped by"
          values={GROUPS}
          value={by}
          onChoose={(each) => go({ by: each === "day" ? undefined : each })}
        />
        <Choice
          label="Days"
          values={SPANS}
          value={days}
          onChoose={(each) => go({ days: each === 7 ? undefined : each })}
        />
      </div>
      {cost.error && <Failure error={cost.error} retry={() => void cost.refetch()} />}
      {cost.data && <Rows cost={cost.data} />}
    </section>
  );
}

interface ChoiceProps<T> {
  label: string;
  values: readonly T[];
  value: string | number;
  onChoose: (value: T) => void;
}

function Choice<T extends string | number>({ label, values, value, onChoose }: ChoiceProps<T>) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for a form's fields
    <div className="segments" role="group" aria-label={label}>
      {values.map((each) => (
        <button
          key={each}
          type="button"
          aria-pressed={each === value}
          onClick={() => onChoose(each)}
        >
          {typeof each === "number" ? `${each} days` : each}
        </button>
      ))}
    </div>
  );
}

function Rows({ cost }: { cost: Cost }) {
  if (cost.rows.length === 0) {
    return (
      <Notice title="Nothing was spent">
        <p>
          No model was asked since {cost.since}. An agent asks models at{" "}
          <code>{location.origin}/v1</code> with a key of its own:
        </p>
        <Snippet text="orchestra keys create my-agent --scope models:use" what="command" />
      </Notice>
    );
  }
  const most = Math.max(...cost.rows.map((row) => Number(row.cost)));
  return (
    <>
      <p>
        <b>{money(cost.total.cost)}</b> for {plural(cost.total.calls, "call")} since {cost.since}
        {cost.total.unpriced > 0 && (
          <span className="outcome" data-tone="wait">
            , and {plural(cost.total.unpriced, "call")} whose price nobody knows
          </span>
        )}
      </p>
      <ul className="rows" aria-label="What was spent">
        {cost.rows.map((row) => (
          <li key={row.name} data-testid="spent">
            <div data-row>
              <div className="row-head">
                <b>{visible(row.name)}</b>
                <span className="quiet">
                  {plural(row.calls, "call")}
                  {row.failed > 0 && `, ${row.failed} failed`}
                  {row.cache_hits > 0 && `, ${row.cache_hits} kept answers`}
                </span>
                <span className="quiet">
                  {row.input.toLocaleString("en")} in, {row.output.toLocaleString("en")} out
                </span>
                <b className="amount">{spent(row)}</b>
              </div>
              <Bar share={most > 0 ? Number(row.cost) / most : 0} />
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

function Bar({ share }: { share: number }) {
  return (
    <svg className="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
      <rect className="spent" width={share * 100} height="1" />
    </svg>
  );
}
