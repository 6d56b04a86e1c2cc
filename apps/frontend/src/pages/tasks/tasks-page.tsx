/** What is to be done, who works on it, and what waits to be taken up by another agent. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { Failure, Notice, Snippet } from "@/components/notice";
import { Page } from "@/components/page";
import { useFact } from "@/lib/context";
import { meQuery, queries } from "@/lib/queries";
import { useShortcuts } from "@/lib/shortcuts";
import { mayWrite, STATES, TASKS, tasksQuery } from "@/lib/tasks";
import { moveFocus } from "@/pages/context/focus";
import { AddTask } from "@/pages/tasks/add-task";
import { useTaskSearch } from "@/pages/tasks/search";
import { TaskList } from "@/pages/tasks/task-list";
import { TaskPanel } from "@/pages/tasks/task-panel";

export function TasksPage() {
  const [search, go] = useTaskSearch();
  const me = useQuery(meQuery);
  const tasks = useInfiniteQuery(tasksQuery(search));
  const shown = tasks.data?.pages.flatMap((page) => page.tasks) ?? [];
  const counts = tasks.data?.pages[0]?.counts;
  const state = search.state ?? "live";
  const close = (): void => go({ task: undefined, write: undefined });
  useNews();
  useShortcuts({
    ...(search.task === undefined && { j: () => moveFocus(1), k: () => moveFocus(-1) }),
    Escape: close,
  });
  return (
    <Page
      title="Tasks"
      about="Each is held by one agent at a time. Whoever takes it up next gets what was done, what failed and what comes next."
      actions={
        mayWrite(me.data) && (
          <button type="button" className="button primary" onClick={() => go({ write: "new" })}>
            Add task
          </button>
        )
      }
    >
      <div className="row-filters">
        <select
          aria-label="State"
          value={state}
          onChange={(event) => go({ state: STATES.find((each) => each === event.target.value) })}
        >
          {STATES.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
        {counts && (
          <span className="quiet">
            {counts.open} open, {counts.claimed} claimed, {counts.done} done
          </span>
        )}
      </div>
      <div className="list-and-panel" data-panel={search.task !== undefined}>
        <section aria-label="Tasks" aria-busy={tasks.isFetching}>
          {tasks.error ? (
            <Failure error={tasks.error} retry={() => void tasks.refetch()} />
          ) : (
            <TaskList tasks={shown} />
          )}
          {tasks.data && shown.length === 0 && <Empty state={state} />}
          {tasks.hasNextPage && (
            <button type="button" className="button" onClick={() => void tasks.fetchNextPage()}>
              Show more
            </button>
          )}
        </section>
        {search.task !== undefined && (
          <TaskPanel
            key={search.task}
            id={search.task}
            tasks={shown}
            writable={mayWrite(me.data)}
            onClose={close}
          />
        )}
      </div>
      {search.write && (
        <AddTask onClose={close} onAdded={(task) => go({ write: undefined, task })} />
      )}
    </Page>
  );
}

/** The live context tells of every claim and hand-off; the list is asked for anew then. */
function useNews(): void {
  const claims = useFact("claims");
  const handoffs = useFact("handoffs");
  useEffect(() => {
    if (claims || handoffs) void queries.invalidateQueries(TASKS);
  }, [claims, handoffs]);
}

function Empty({ state }: { state: string }) {
  if (state !== "live") {
    return <Notice title={state === "any" ? "There is no task yet" : `None is ${state}`} />;
  }
  return (
    <Notice title="Nothing is to be done">
      <p>
        Add a task here or in a terminal. Agents claim it with the MCP tool <code>task_claim</code>,
        and hand it over with <code>handoff_create</code>:
      </p>
      <Snippet text={'orchestra tasks add "Retry webhooks after a 429"'} what="command" />
    </Notice>
  );
}
