/** The live context: the repository, its topics, the chosen topic, and what changed lately. */
import { useContextState, useFact } from "@/lib/context";
import { useShortcuts } from "@/lib/shortcuts";
import { FIRST, topicOf } from "@/lib/topics";
import { Activity } from "@/pages/context/activity";
import { ChangePanel } from "@/pages/context/change-panel";
import { DeltaPanel } from "@/pages/context/delta-panel";
import { focusFilter, moveFocus } from "@/pages/context/focus";
import { RepositoryHeader } from "@/pages/context/repository-header";
import { useContextSearch } from "@/pages/context/search";
import { TopicPane } from "@/pages/context/topic-pane";
import { TopicStrip } from "@/pages/context/topic-strip";

export function ContextPage() {
  const [search, go] = useContextSearch();
  const topic = topicOf(search.topic ?? FIRST);
  const fact = useFact(topic.id);
  const loaded = useContextState((state) => state.topics !== null);
  const close = (): void => go({ path: undefined, seq: undefined });
  const open = search.seq !== undefined || search.path !== undefined;
  useShortcuts({
    // While a panel is open, these keys are its own.
    ...(!open && { j: () => moveFocus(1), k: () => moveFocus(-1) }),
    "/": focusFilter,
    r: () => go({ view: search.view === "raw" ? undefined : "raw" }),
    Escape: close,
  });
  return (
    <div className="context-page" aria-busy={!loaded}>
      <RepositoryHeader />
      <TopicStrip />
      <div className="columns" data-panel={open}>
        <TopicPane key={topic.id} topic={topic} fact={fact} />
        {search.seq !== undefined ? (
          <DeltaPanel seq={search.seq} onClose={close} />
        ) : search.path !== undefined ? (
          <ChangePanel path={search.path} onClose={close} />
        ) : (
          <Activity />
        )}
      </div>
    </div>
  );
}
