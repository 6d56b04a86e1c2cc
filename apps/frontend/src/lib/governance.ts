/** Agent specs and the audit: what is asked of the API, and the audit's filters in the address. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api } from "@/lib/api";
import type { Tone } from "@/lib/approvals";

export const agentsQuery = queryOptions({ queryKey: ["agents"], queryFn: api.agents });

/** What can be asked for in the audit: how a kind of row begins, and what that is called. */
export const ACTS = [
  ["act.", "acts"],
  ["act.denied", "acts denied"],
  ["approval.", "approvals"],
  ["task.", "tasks"],
  ["handoff.", "hand-offs"],
  ["session.", "sessions"],
] as const;

const GOOD = new Set(["allow", "done", "approved"]);
const BAD = new Set(["deny", "denied", "failed", "tainted"]);

export function toneOf(outcome: string): Tone {
  if (GOOD.has(outcome)) return "good";
  if (BAD.has(outcome)) return "bad";
  return outcome === "ask" ? "wait" : "over";
}

export interface AuditSearch {
  actor?: string | undefined;
  act?: string | undefined;
  /** The row that the panel shows. */
  row?: number | undefined;
}

/** What of an address is understood; anything else is as if it were not there. */
export function auditSearch(search: Record<string, unknown>): AuditSearch {
  const actor = search.actor === undefined ? "" : String(search.actor);
  const row = Number(search.row);
  return {
    actor: actor === "" ? undefined : actor,
    act: ACTS.find(([act]) => act === search.act)?.[0],
    row: Number.isSafeInteger(row) && row > 0 ? row : undefined,
  };
}

/** The rows that an address asks for, page by page. */
export function auditQuery({ actor, act }: AuditSearch) {
  return infiniteQueryOptions({
    queryKey: ["audit", actor, act],
    queryFn: ({ pageParam }) => api.audit({ actor, act, before: pageParam }),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (last) => last.next_before ?? undefined,
    placeholderData: keepPreviousData,
  });
}
