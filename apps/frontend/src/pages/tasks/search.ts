/** Reads and changes the state of the tasks page in the address. */
import { getRouteApi } from "@tanstack/react-router";
import { useCallback } from "react";
import type { TaskSearch } from "@/lib/tasks";

const route = getRouteApi("/tasks");

/** The state, and how to change a part of it; the rest stays. The back button undoes it. */
export function useTaskSearch(): [TaskSearch, (change: TaskSearch) => void] {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const go = useCallback(
    (change: TaskSearch) => {
      const next = (now: TaskSearch): TaskSearch => ({ ...now, ...change });
      void navigate({ to: "/tasks", search: next, resetScroll: false });
    },
    [navigate],
  );
  return [search, go];
}
