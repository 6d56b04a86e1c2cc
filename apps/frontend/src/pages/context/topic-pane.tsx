/** One topic in full: how it is known, what it says, and its raw JSON. */
import { Ago } from "@/components/ago";
import { JsonView } from "@/components/json-view";
import { Notice } from "@/components/notice";
import { Said } from "@/components/said";
import { Status } from "@/components/status";
import { TopicSetup } from "@/components/topic-setup";
import { ValueView } from "@/components/value-view";
import type { Fact } from "@/lib/api";
import { useContextState } from "@/lib/context";
import { isObject, type JsonObject } from "@/lib/json";
import { visible } from "@/lib/text";
import { statusOf, type Topic } from "@/lib/topics";
import type { View } from "@/lib/view";
import { ChangeList } from "@/pages/context/change-list";
import { Commits } from "@/pages/context/commits";
import { useContextSearch } from "@/pages/context/search";
import { Watcher } from "@/pages/context/watcher";

export function TopicPane({ topic, fact }: { topic: Topic; fact: Fact | null }) {
  const [{ view = "summary" }] = useContextSearch();
  const codebase = topic.id === "codebase_state";
  const loaded = useContextState((state) => state.topics !== null);
  return (
    <section className="pane" aria-labelledby="pane-title">
      <div className="pane-head">
        <h2 id="pane-title">{topic.name}</h2>
        <Views codebase={codebase} view={view} />
        <Provenance topic={topic.id} fact={fact} />
      </div>
      {fact?.detail && fact.status !== "unconfigured" && (
        <p className="detail" data-status={fact.status}>
          <Said text={fact.detail} />
        </p>
      )}
      {fact === null ? (
        loaded ? (
          <Waiting topic={topic} />
        ) : (
          <Skeleton />
        )
      ) : view === "raw" ? (
        <JsonView value={fact} name={topic.id} />
      ) : (
        <Content topic={topic} fact={fact} view={view} />
      )}
    </section>
  );
}

function Content({ topic, fact, view }: { topic: Topic; fact: Fact; view: View }) {
  if (!isObject(fact.value)) return <TopicSetup topic={topic} fact={fact} />;
  const value: JsonObject = fact.value;
  if (topic.id !== "codebase_state") return <ValueView value={value} />;
  if (view === "commits") return <Commits value={value} />;
  if (view === "watcher") return <Watcher value={value} source={fact.source} />;
  return <ChangeList value={value} />;
}

const LABELS: Record<View, string> = {
  summary: "Summary",
  commits: "Commits",
  watcher: "Watcher",
  raw: "Raw JSON",
};

function Views({ codebase, view }: { codebase: boolean; view: View }) {
  const [, go] = useContextSearch();
  const all: readonly View[] = codebase
    ? ["summary", "commits", "watcher", "raw"]
    : ["summary", "raw"];
  const shown = all.includes(view) ? view : "summary";
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div className="segments" role="group" aria-label="View">
      {all.map((each) => (
        <button
          key={each}
          type="button"
          aria-pressed={each === shown}
          onClick={() => go({ view: each === "summary" ? undefined : each })}
        >
          {codebase && each === "summary" ? "Changes" : LABELS[each]}
        </button>
      ))}
    </div>
  );
}

function Provenance({ topic, fact }: { topic: string; fact: Fact | null }) {
  const checked = useContextState((state) => state.checked[topic]);
  return (
    <p className="provenance">
      <Status status={statusOf(fact)} />
      {fact?.source && <span title="Where this is from">{visible(fact.source)}</span>}
      {fact && fact.status !== "unconfigured" && <Ago at={fact.observed_at} label="changed" />}
      {checked && !(fact && checked < fact.observed_at) && <Ago at={checked} label="checked" />}
    </p>
  );
}

function Waiting({ topic }: { topic: Topic }) {
  return (
    <Notice title="Nothing reported yet">
      <p>
        {topic.about} The source was asked and has not answered; this page changes when it does.
      </p>
    </Notice>
  );
}

function Skeleton() {
  const rows = ["a", "b", "c", "d", "e", "f", "g", "h"];
  return (
    <div className="skeleton" aria-hidden="true">
      {rows.map((row) => (
        <div key={row} />
      ))}
    </div>
  );
}
