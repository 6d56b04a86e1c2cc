/** Reads and changes the state of the search page in the address. */
import { getRouteApi } from "@tanstack/react-router";
import { useCallback } from "react";
import type { CodeSearch } from "@/lib/search";

const route = getRouteApi("/search");

export type Go = (change: CodeSearch, how?: { replace?: boolean }) => void;

/** The state, and how to change a part of it; the rest stays. The back button undoes it. */
export function useCodeSearch(): [search: CodeSearch, go: Go] {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const go = useCallback<Go>(
    (change, { replace = false } = {}) => {
      const next = (now: CodeSearch): CodeSearch => ({ ...now, ...change });
      void navigate({ to: "/search", search: next, replace, resetScroll: false });
    },
    [navigate],
  );
  return [search, go];
}
