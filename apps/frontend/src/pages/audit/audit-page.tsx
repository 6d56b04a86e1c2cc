/** Who did what, asked what and decided what; and whether that is as it was written. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Ago } from "@/components/ago";
import { JsonView } from "@/components/json-view";
import { Failure, Notice } from "@/components/notice";
import { Page } from "@/components/page";
import { SidePanel } from "@/components/side-panel";
import type { AuditRow } from "@/lib/api";
import { ACTS, type AuditSearch, auditQuery, toneOf } from "@/lib/governance";
import { useShortcuts } from "@/lib/shortcuts";
import { visible } from "@/lib/text";
import { Verify } from "@/pages/audit/verify";
import { focusFilter, moveFocus } from "@/pages/context/focus";

const route = getRouteApi("/audit");

export function AuditPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const go = (change: AuditSearch): void => {
    const next = (now: AuditSearch): AuditSearch => ({ ...now, ...change });
    void navigate({ to: "/audit", search: next, replace: true, resetScroll: false });
  };
  const audit = useInfiniteQuery(auditQuery(search));
  const rows = audit.data?.pages.flatMap((page) => page.rows) ?? [];
  const at = rows.findIndex((row) => row.seq === search.row);
  const chosen = rows[at];
  const close = (): void => go({ row: undefined });
  const to = (index: number): (() => void) | undefined => {
    const other = rows[index];
    return other && (() => go({ row: other.seq }));
  };
  useShortcuts({
    ...(!chosen && { j: () => moveFocus(1), k: () => moveFocus(-1) }),
    "/": focusFilter,
    Escape: close,
  });
  return (
    <Page
      title="Audit"
      about="Every act that was judged, every approval and every hand-off, in a chain that only grows."
      actions={<Verify />}
    >
      <div className="row-filters">
        <input
          id="filter-text"
          type="search"
          aria-label="Actor"
          placeholder="Whose?  /"
          maxLength={80}
          value={search.actor ?? ""}
          onChange={(event) => go({ actor: event.target.value || undefined, row: undefined })}
        />
        <select
          aria-label="Act"
          value={search.act ?? ""}
          onChange={(event) => go({ act: event.target.value || undefined, row: undefined })}
        >
          <option value="">everything</option>
          {ACTS.map(([act, name]) => (
            <option key={act} value={act}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <div className="list-and-panel" data-panel={chosen !== undefined}>
        <section aria-label="Rows" aria-busy={audit.isFetching}>
          {audit.error && <Failure error={audit.error} retry={() => void audit.refetch()} />}
          <Rows rows={rows} chosen={search.row} onChoose={(row) => go({ row })} />
          {audit.data && rows.length === 0 && <Notice title="Nothing of that kind was done yet" />}
          {audit.hasNextPage && (
            <button type="button" className="button" onClick={() => void audit.fetchNextPage()}>
              Show older rows
            </button>
          )}
        </section>
        {chosen && (
          <SidePanel
            label="Row"
            title={`${chosen.seq}`}
            onClose={close}
            onNext={to(at + 1)}
            onPrevious={to(at - 1)}
          >
            <RowHead row={chosen} />
            {chosen.summary && <bdi className="row-text">{visible(chosen.summary)}</bdi>}
            {chosen.reason && <p>{visible(chosen.reason)}</p>}
            <JsonView value={chosen} name={`audit-${chosen.seq}`} />
          </SidePanel>
        )}
      </div>
    </Page>
  );
}

interface RowsProps {
  rows: readonly AuditRow[];
  chosen: number | undefined;
  onChoose: (row: number) => void;
}

function Rows({ rows, chosen, onChoose }: RowsProps) {
  return (
    <ul className="rows" data-rows aria-label="Audit rows">
      {rows.map((row) => (
        <li key={row.seq} data-testid="audit-row">
          <button
            type="button"
            data-row
            aria-current={row.seq === chosen}
            onClick={() => onChoose(row.seq)}
          >
            <RowHead row={row} />
            {row.summary && <bdi className="row-text">{visible(row.summary)}</bdi>}
          </button>
        </li>
      ))}
    </ul>
  );
}

function RowHead({ row }: { row: AuditRow }) {
  return (
    <span className="row-head">
      <span className="outcome" data-tone={toneOf(row.outcome)}>
        {visible(row.outcome)}
      </span>
      <code>{visible(row.act)}</code>
      <bdi>{visible(row.actor)}</bdi>
      <Ago at={row.at} />
    </span>
  );
}
