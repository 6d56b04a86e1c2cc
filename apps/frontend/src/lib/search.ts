/** Searches of the code: what is asked, and the page's state as its address has it. */
import { queryOptions } from "@tanstack/react-query";
import { api, Problem } from "@/lib/api";

export const BUDGETS = [4_000, 8_000, 16_000, 32_000] as const; // tokens
const BUDGET = 16_000;
export const LIMITS = [10, 25, 50] as const; // places
const AGAIN = 3_000; // ms between attempts while the index is being built

export interface CodeSearch {
  /** `pack` asks for the context of a task; without it code is found. */
  mode?: "pack" | undefined;
  /** What is sought, or the task. */
  q?: string | undefined;
  /** The beginning of the paths that are searched. */
  under?: string | undefined;
  limit?: (typeof LIMITS)[number] | undefined;
  /** Most tokens of a pack. */
  budget?: (typeof BUDGETS)[number] | undefined;
}

/** Most characters of a question: the API's own bound, or what an address still holds. */
export function longest({ mode }: CodeSearch): number {
  return mode === "pack" ? 6_000 : 2_000;
}

export function budgetOf({ budget = BUDGET }: CodeSearch): number {
  return budget;
}

/** What of an address is understood; anything else is as if it were not there. */
export function codeSearch(search: Record<string, unknown>): CodeSearch {
  const text = (key: string): string | undefined =>
    search[key] === undefined || String(search[key]).trim() === ""
      ? undefined
      : String(search[key]);
  const budget = BUDGETS.find((each) => each === Number(search.budget));
  const limit = LIMITS.find((each) => each === Number(search.limit));
  return {
    mode: search.mode === "pack" ? "pack" : undefined,
    q: text("q"),
    under: text("under"),
    limit: limit === LIMITS[0] ? undefined : limit,
    budget: budget === BUDGET ? undefined : budget,
  };
}

/** Whether the API says that it cannot answer yet. */
export function notYet(error: Error | null): boolean {
  return error instanceof Problem && error.status === 503;
}

// The reader sees `failureReason` while it is tried again, so nothing flickers.
const patient = {
  retry: (count: number, error: Error) => notYet(error) || (count < 2 && !isRefusal(error)),
  retryDelay: (count: number, error: Error) => (notYet(error) ? AGAIN : 1_000 * 2 ** count),
  refetchOnWindowFocus: false, // what is being read does not change under the eyes
};

function isRefusal(error: Error): boolean {
  return error instanceof Problem && error.status >= 400;
}

/** The places that fit a query. */
export function findQuery({ q = "", under = "", limit = LIMITS[0] }: CodeSearch) {
  return queryOptions({
    queryKey: ["code", "find", q, under, limit],
    queryFn: () => api.search({ q, under: under.replace(/^(\.?\/)+/, ""), limit }),
    enabled: q !== "",
    // More of the same is added to what is there; another question begins anew.
    placeholderData: (before, query) =>
      query?.queryKey[2] === q && query.queryKey[3] === under ? before : undefined,
    ...patient,
  });
}

/** The context for a task. */
export function packQuery(search: CodeSearch) {
  const task = search.q ?? "";
  const budget = budgetOf(search);
  return queryOptions({
    queryKey: ["code", "pack", task, budget],
    queryFn: () => api.pack({ task, budget }),
    enabled: task !== "",
    staleTime: 60_000,
    ...patient,
  });
}

/** How the code index is; asked often while it is being built. */
export const indexQuery = queryOptions({
  queryKey: ["code", "index"],
  queryFn: api.index,
  refetchInterval: ({ state }) => (state.data?.ready ? 15_000 : 2_000),
});

/** Everything that was asked of the code, to have it anew. */
export const CODE = { queryKey: ["code"] };
