/** Reads and changes the state of the approvals page in the address. */
import { getRouteApi } from "@tanstack/react-router";
import { useCallback } from "react";
import type { ApprovalSearch } from "@/lib/approvals";

const route = getRouteApi("/approvals");

/** The state, and how to change a part of it; the rest stays. The back button undoes it. */
export function useApprovalSearch(): [ApprovalSearch, (change: ApprovalSearch) => void] {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const go = useCallback(
    (change: ApprovalSearch) => {
      const next = (now: ApprovalSearch): ApprovalSearch => ({ ...now, ...change });
      void navigate({ to: "/approvals", search: next, resetScroll: false });
    },
    [navigate],
  );
  return [search, go];
}
