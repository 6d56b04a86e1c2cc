/** Reads and changes the state of the memory page in the address. */
import { getRouteApi } from "@tanstack/react-router";
import { useCallback } from "react";
import type { MemorySearch } from "@/lib/memory";

const route = getRouteApi("/memory");

export type Go = (change: MemorySearch, how?: { replace?: boolean }) => void;

/** The state, and how to change a part of it; the rest stays. The back button undoes it. */
export function useMemorySearch(): [search: MemorySearch, go: Go] {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const go = useCallback<Go>(
    (change, { replace = false } = {}) => {
      const next = (now: MemorySearch): MemorySearch => ({ ...now, ...change });
      void navigate({ to: "/memory", search: next, replace, resetScroll: false });
    },
    [navigate],
  );
  return [search, go];
}
