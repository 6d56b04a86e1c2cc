/** The changed files: counts as filters, a text filter, and one row for each file. */
import { memo, useMemo, useState } from "react";
import { Ago } from "@/components/ago";
import { Notice } from "@/components/notice";
import { type Change, changesOf, FILTERS, meaning, type Order, pick, toneOf } from "@/lib/codebase";
import { asNumber, asObject, type JsonObject } from "@/lib/json";
import { visible } from "@/lib/text";
import { useContextSearch } from "@/pages/context/search";

export function ChangeList({ value }: { value: JsonObject }) {
  const [{ filter, text, order = "recent", path }, go] = useContextSearch();
  const changes = useMemo(() => changesOf(value), [value]);
  const flashes = useFlashes(changes);
  const shown = useMemo(
    () => pick(changes, { filter, text, order }),
    [changes, filter, text, order],
  );
  const omitted = asNumber(value.omitted);
  const onClick = (event: React.MouseEvent): void => {
    const row = (event.target as Element).closest<HTMLElement>("[data-path]");
    if (row) go({ path: row.dataset.path, seq: undefined });
  };
  return (
    <>
      <Filters counts={asObject(value.counts)} order={order} />
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the rows are buttons, this only collects their clicks */}
      <ul className="changes" data-rows onClick={onClick} aria-label="Changed files">
        {shown.map((change) => (
          <Row
            key={change.path}
            change={change}
            flash={flashes.get(change.path) ?? 0}
            selected={change.path === path}
          />
        ))}
      </ul>
      {shown.length === 0 && <Empty clean={changes.length === 0} />}
      {omitted > 0 && (
        <p className="quiet omitted">
          {omitted.toLocaleString("en")} more changed files are counted and not listed here;{" "}
          <code>git status</code> lists them.
        </p>
      )}
    </>
  );
}

function Filters({ counts, order }: { counts: JsonObject; order: Order }) {
  const [{ filter, text = "" }, go] = useContextSearch();
  const total = asNumber(counts.total);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div className="filters" role="group" aria-label="Filter">
      <button type="button" aria-pressed={!filter} onClick={() => go({ filter: undefined })}>
        all <b data-testid="count-total">{total.toLocaleString("en")}</b>
      </button>
      {FILTERS.filter((each) => asNumber(counts[each]) > 0 || each === filter).map((each) => (
        <button
          key={each}
          type="button"
          aria-pressed={each === filter}
          onClick={() => go({ filter: each === filter ? undefined : each })}
        >
          {each} <b data-testid={`count-${each}`}>{asNumber(counts[each]).toLocaleString("en")}</b>
        </button>
      ))}
      <input
        id="filter-text"
        type="search"
        aria-label="Filter by path"
        placeholder="Filter by path"
        value={text}
        onChange={(event) => go({ text: event.target.value || undefined }, { replace: true })}
        onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
      />
      <button
        type="button"
        className="order"
        title="Order of the list"
        onClick={() => go({ order: order === "recent" ? "path" : undefined })}
      >
        {order === "recent" ? "latest first" : "by path"}
      </button>
    </div>
  );
}

interface RowProps {
  change: Change;
  flash: number;
  selected: boolean;
}

const Row = memo(function Row({ change, flash, selected }: RowProps) {
  const { path, letters, savedAt } = change;
  const slash = path.lastIndexOf("/", path.length - 2) + 1;
  return (
    <li>
      <button
        type="button"
        data-row
        data-path={path}
        data-testid="change"
        aria-current={selected ? "true" : undefined}
        title={`${visible(path)}: ${meaning(change)}`}
      >
        {flash > 0 && <span key={flash} className="flash" />}
        <span className="letters" data-tone={toneOf(change)} aria-hidden="true">
          {letters}
        </span>
        <bdi className="path">
          <span className="folder">{visible(path.slice(0, slash))}</span>
          <span className="file">{visible(path.slice(slash))}</span>
        </bdi>
        <span className="meaning">{meaning(change)}</span>
        {savedAt && <Ago at={savedAt} />}
      </button>
    </li>
  );
});

/** How often each file changed while the list was shown: a new number starts its highlight. */
function useFlashes(changes: readonly Change[]): ReadonlyMap<string, number> {
  const [seen, setSeen] = useState(() => ({ changes, flashes: new Map<string, number>() }));
  if (seen.changes === changes) return seen.flashes;
  const before = new Set(seen.changes);
  const changed = changes.filter((change) => !before.has(change));
  const flashes = new Map(seen.flashes);
  for (const { path } of changed) flashes.set(path, (flashes.get(path) ?? 0) + 1);
  setSeen({ changes, flashes });
  return flashes;
}

function Empty({ clean }: { clean: boolean }) {
  if (!clean) {
    return (
      <Notice title="No changed file fits the filter">
        <p>Choose “all”, or empty the field.</p>
      </Notice>
    );
  }
  return (
    <Notice title="The working tree is clean">
      <p>Every file is as the head commit has it. Save one, and it appears here at once.</p>
    </Notice>
  );
}
