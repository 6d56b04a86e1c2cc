/** A fake of what the dashboard asks of `/api/v1/gateway` that speaks its real contract. */
import type { Budget, Cost, ModelCache, Models, ModelTarget } from "@/lib/api";

export const sums = (name: string, cost: string, more: Partial<Cost["total"]> = {}) => ({
  name,
  cost,
  calls: 1,
  failed: 0,
  cache_hits: 0,
  unpriced: 0,
  input: 1200,
  cached: 0,
  cache_written: 0,
  output: 300,
  reasoning: 0,
  ...more,
});

export function budget(more: Partial<Budget> = {}): Budget {
  return {
    kind: "agent",
    subject: "codex",
    period: "day",
    amount: "20.00",
    spent: "5.00",
    held: "0.40",
    left: "14.60",
    ends: "2026-11-24T00:00:00Z",
    origin: "configuration",
    for_each: false,
    ...more,
  };
}

export const target = (state: ModelTarget["state"], model = "small"): ModelTarget => ({
  provider: "anthropic",
  model,
  state,
  again_in: state === "open" ? 4.2 : 0,
  price: { input: "2.00", cached: "0.20", output: "10.00", origin: "a list" },
});

export class FakeModels {
  rows: Cost["rows"] = [];
  budgets: Budget[] = [];
  models: Models = {
    models: { auto: "default" },
    routes: [{ name: "default", targets: [target("absent")] }],
    classes: {},
    absent: { anthropic: "ANTHROPIC_API_KEY is not set" },
  };
  cache: ModelCache = {
    exact: true,
    semantic: "no embedder",
    entries: 3,
    bytes: 999,
    lookups: 0,
    exact_hits: 0,
    semantic_hits: 0,
    saved: "0.00",
    saved_unpriced: 0,
    shadow_checks: 0,
    shadow_false: 0,
    stopped: {},
    families: [],
  };

  answer(request: Request): { status: number; body: unknown } | null {
    const { pathname, searchParams } = new URL(request.url);
    switch (pathname) {
      case "/api/v1/gateway/models":
        return { status: 200, body: this.models };
      case "/api/v1/gateway/budgets":
        return { status: 200, body: { budgets: this.budgets } };
      case "/api/v1/gateway/cache":
        return { status: 200, body: this.cache };
      case "/api/v1/gateway/cost": {
        const total = sums("total", "3.30", { calls: this.rows.length, unpriced: 2 });
        const by = searchParams.getAll("by");
        return { status: 200, body: { since: "2026-11-18", by, rows: this.rows, total } };
      }
      default:
        return null;
    }
  }
}
