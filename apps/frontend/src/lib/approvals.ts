/** Requests for approval: what is asked of them, and the page's state as its address has it. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { type Approval, api, type Me } from "@/lib/api";

export const STATES = ["pending", "approved", "denied", "used", "expired", "any"] as const;

export type Tone = "good" | "wait" | "bad" | "over";

/** How each state is coloured. */
export const TONES: Record<Approval["state"], Tone> = {
  pending: "wait",
  approved: "good",
  denied: "bad",
  used: "over",
  expired: "over",
};

export interface ApprovalSearch {
  state?: (typeof STATES)[number] | undefined;
  /** The request that the panel shows. */
  approval?: string | undefined;
}

/** What of an address is understood; anything else is as if it were not there. */
export function approvalSearch(search: Record<string, unknown>): ApprovalSearch {
  const state = STATES.find((each) => each === search.state);
  const approval = search.approval;
  return {
    state: state === "pending" ? undefined : state,
    approval: approval === undefined || approval === "" ? undefined : String(approval),
  };
}

/** The requests that an address asks for, page by page. */
export function approvalsQuery({ state = "pending" }: ApprovalSearch) {
  return infiniteQueryOptions({
    queryKey: ["approvals", state],
    queryFn: ({ pageParam }) => api.approvals({ state, before: pageParam }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_before ?? undefined,
    placeholderData: keepPreviousData,
  });
}

export function approvalQuery(id: string) {
  return queryOptions({ queryKey: ["approvals", "one", id], queryFn: () => api.approval(id) });
}

/** What to have anew when a request was made or decided. */
export const APPROVALS = { queryKey: ["approvals"] };

export function mayDecide(me: Me | undefined): boolean {
  const person = me?.principal.kind === "human";
  return person && me.scopes.some((scope) => scope === "admin" || scope === "approvals:decide");
}
