/** A fake of `/api/v1/search`, `/pack` and `/index` that speaks their real contract. */
import type { CodeIndex, Pack, PackItem, Place } from "@/lib/api";

export function place(path: string, start: number, lines: readonly string[]): Place {
  const [symbols, why] = [["Webhooks.send"], ["its path holds the task's words"]];
  const end = start + lines.length - 1;
  return { path, start, end, text: lines.join("\n"), score: 0.5, symbols, why };
}

export function item(kind: PackItem["kind"], tokens: number, more: Partial<PackItem> = {}) {
  const none = { path: null, ranges: [], why: [], trust: "repository" as const };
  return { kind, tokens, text: `the ${kind}`, ...none, ...more };
}

const READY: CodeIndex = {
  ready: true,
  files: 1_205,
  chunks: 3_608,
  commits: 1,
  skipped: 0,
  broken: 0,
  omitted: 0,
  done: 1_205,
  total: 1_205,
  updated_at: "2026-11-23T12:00:00Z",
  commit: "c".repeat(40),
  problem: null,
  vectors: null,
};

/** What is found and packed, and what was asked. */
export class FakeCode {
  index = READY;
  found: Place[] = [];
  items: PackItem[] = [];
  files: string[] = [];
  /** Why nothing is answered: a status, what is said, what to do. */
  refusal: [status: number, detail: string, hint: string] | null = null;
  readonly asked: string[] = [];

  /** As it is while the files are being read. */
  build(done: number, total: number): void {
    this.index = { ...READY, ready: false, done, total, updated_at: null };
    const said = `the code index is not ready: ${done} of ${total} files have been read`;
    this.refusal = [503, said, "ask again in some seconds"];
  }

  finish(): void {
    this.index = READY;
    this.refusal = null;
  }

  async answer(request: Request): Promise<{ status: number; body: unknown } | null> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/api/v1/index") return { status: 200, body: this.index };
    const packing = pathname === "/api/v1/pack";
    if (!packing && pathname !== "/api/v1/search") return null;
    const order = packing ? await request.json() : null;
    this.asked.push(packing ? JSON.stringify(order) : searchParams.toString());
    if (this.refusal) {
      const [status, detail, hint] = this.refusal;
      return { status, body: { detail, hint } };
    }
    const revision = this.index.commit;
    if (packing) return { status: 200, body: this.pack(order, revision) };
    const under = searchParams.get("under") ?? "";
    const found = this.found.filter((each) => each.path.startsWith(under));
    return { status: 200, body: { query: searchParams.get("q"), revision, found } };
  }

  private pack(order: Pick<Pack, "task" | "budget">, revision: string | null): Pack {
    const { items, files } = this;
    const tokens = items.reduce((sum, each) => sum + each.tokens, 0);
    const text = items.map((each) => each.text).join("\n");
    return { ...order, tokens, revision, notes: ["vectors are off"], files, items, text };
  }
}
