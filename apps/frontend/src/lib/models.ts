/** What models cost: what is asked of the API, and the page's state as its address has it. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, type Budget, type Cost, type CostGroup, type ModelTarget } from "@/lib/api";
import type { StatusWord } from "@/lib/topics";

export const GROUPS = ["day", "agent", "model", "route", "class"] as const;
export const SPANS = [7, 30, 90] as const;

export interface ModelSearch {
  by?: CostGroup | undefined;
  days?: (typeof SPANS)[number] | undefined;
}

/** What of an address is understood; anything else is as if it were not there. */
export function modelSearch(search: Record<string, unknown>): ModelSearch {
  const by = GROUPS.find((each) => each === search.by);
  const days = SPANS.find((each) => each === Number(search.days));
  return { by: by === "day" ? undefined : by, days: days === 7 ? undefined : days };
}

const FRESH = 15_000; // milliseconds

export function costQuery({ by = "day", days = 7 }: ModelSearch) {
  return queryOptions({
    queryKey: ["models", "cost", by, days],
    queryFn: () => api.modelCost({ by: [by], days }),
    placeholderData: keepPreviousData,
    refetchInterval: FRESH,
  });
}
export const modelsQuery = queryOptions({
  queryKey: ["models", "list"],
  queryFn: api.models,
  refetchInterval: FRESH,
});
export const budgetsQuery = queryOptions({
  queryKey: ["models", "budgets"],
  queryFn: api.budgets,
  refetchInterval: FRESH,
});
export const cacheQuery = queryOptions({
  queryKey: ["models", "cache"],
  queryFn: api.modelCache,
  refetchInterval: FRESH,
});

/** Dollars as people read them; a small amount keeps two digits that say something. */
export function money(text: string): string {
  const amount = Number(text);
  if (amount === 0 || amount >= 1) return `$${amount.toFixed(2)}`;
  return `$${amount.toFixed(Math.max(2, Math.min(9, 1 - Math.floor(Math.log10(amount)))))}`;
}

/** What is known of it; a question mark for what is not. */
export function spent(row: Cost["total"]): string {
  if (row.unpriced === 0) return money(row.cost);
  return row.unpriced === row.calls ? "?" : `${money(row.cost)} + ?`;
}

/** How a target is, as a status and in words. */
export function health(target: ModelTarget): { status: StatusWord; says: string } {
  switch (target.state) {
    case "closed":
      return { status: "ok", says: "answers" };
    case "untried":
      return { status: "waiting", says: "not asked yet" };
    case "half-open":
      return { status: "stale", says: "is tried again" };
    case "open":
      return { status: "unavailable", says: `left alone for ${Math.ceil(target.again_in)} s` };
    case "absent":
      return { status: "unconfigured", says: "no key" };
  }
}

/** How far a budget is spent: a share for the bar, and how serious that is. */
export function standing(budget: Budget): { share: number; held: number; status: StatusWord } {
  const whole = Number(budget.amount) || 1;
  const share = Math.min(1, Number(budget.spent) / whole);
  const held = Math.min(1 - share, Number(budget.held) / whole);
  return { share, held, status: share >= 1 ? "unavailable" : share >= 0.8 ? "stale" : "ok" };
}

/** `each agent`, `agent codex`, `the whole system`. */
export function whose(budget: Budget): string {
  if (budget.kind === "system") return "the whole system";
  return budget.subject === "*" ? `each ${budget.kind}` : `${budget.kind} ${budget.subject}`;
}
