/** Tasks and their hand-offs: what is asked of them, and the page's state as its address has it. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, type Me, type Task } from "@/lib/api";
import type { Tone } from "@/lib/approvals";

export const STATES = ["live", "open", "claimed", "done", "cancelled", "any"] as const;
export const PRIORITIES = ["at once", "soon", "normal", "later", "some day"] as const;

/** How each state is coloured. */
export const TONES: Record<Task["state"], Tone> = {
  open: "wait",
  claimed: "good",
  done: "over",
  cancelled: "over",
};

export interface TaskSearch {
  state?: (typeof STATES)[number] | undefined;
  /** The task that the panel shows. */
  task?: string | undefined;
  /** The dialog that is open. */
  write?: "new" | undefined;
}

/** What of an address is understood; anything else is as if it were not there. */
export function taskSearch(search: Record<string, unknown>): TaskSearch {
  const state = STATES.find((each) => each === search.state);
  const task = search.task;
  return {
    state: state === "live" ? undefined : state,
    task: task === undefined || task === "" ? undefined : String(task),
    write: search.write === "new" ? "new" : undefined,
  };
}

/** The tasks that an address asks for, page by page. */
export function tasksQuery({ state = "live" }: TaskSearch) {
  return infiniteQueryOptions({
    queryKey: ["tasks", state],
    queryFn: ({ pageParam }) => api.tasks({ state, after: pageParam }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_after ?? undefined,
    placeholderData: keepPreviousData,
  });
}

export function taskQuery(id: string) {
  return queryOptions({ queryKey: ["tasks", "one", id], queryFn: () => api.task(id) });
}

/** What to have anew after any change of a task. */
export const TASKS = { queryKey: ["tasks"] };

export function mayWrite(me: Me | undefined): boolean {
  return me?.scopes.some((scope) => scope === "admin" || scope === "tasks:write") ?? false;
}
