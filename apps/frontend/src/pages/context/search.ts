/** Reads and changes the state of the context page in the address. */
import { getRouteApi } from "@tanstack/react-router";
import { useCallback } from "react";
import type { ContextSearch } from "@/lib/view";

const route = getRouteApi("/");

export type Go = (change: ContextSearch, how?: { replace?: boolean }) => void;

/** The state, and how to change a part of it; the rest stays. The back button undoes it. */
export function useContextSearch(): [search: ContextSearch, go: Go] {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const go = useCallback<Go>(
    (change, { replace = false } = {}) => {
      const next = (now: ContextSearch): ContextSearch => ({ ...now, ...change });
      void navigate({ to: "/", search: next, replace, resetScroll: false });
    },
    [navigate],
  );
  return [search, go];
}
