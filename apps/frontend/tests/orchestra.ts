/** A fake of the API that speaks its real contract: JSON over fetch, events over EventSource. */
import { vi } from "vitest";
import type { Fact, Key } from "@/lib/api";
import type { Operation } from "@/lib/patch";
import { FakeCode } from "./code";
import { FakeGovernance } from "./governance";
import { FakeModels } from "./models";
import { FakeNotes } from "./notes";
import { FakeTasks } from "./tasks";

const ME = {
  principal: { id: "p", name: "ada", kind: "human" },
  key_id: "k0",
  scopes: ["admin"],
  expires_at: null,
};
const PAST = {
  seq: 4,
  at: "2026-11-23T11:00:00Z",
  data: {
    topic: "ci_runs",
    cause: "poll",
    ops: [{ op: "add", path: "/topics/ci_runs", value: { status: "ok" } }],
  },
};
const NOW = "2026-11-23T12:00:00.000Z";
export const EPOCH = "0123456789abcdef0123456789abcdef";

/** What the browser gives: opens, dispatches named events, says when it failed. */
export class FakeEventSource extends EventTarget {
  static readonly opened: FakeEventSource[] = [];
  readonly url: string;
  readyState = 1;
  onerror: ((event: Event) => void) | null = null;

  constructor(url: string) {
    super();
    this.url = url;
    FakeEventSource.opened.push(this);
  }

  static get last(): FakeEventSource {
    const last = FakeEventSource.opened.at(-1);
    if (!last) throw new Error("no stream was opened");
    return last;
  }

  send(name: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }));
  }

  delta(seq: number, topic: string, ops: Operation[]): void {
    this.send("delta", { epoch: EPOCH, seq, topic, at: NOW, cause: "watch", ops });
  }

  fail(closed: boolean): void {
    this.readyState = closed ? 2 : 0;
    this.onerror?.(new Event("error"));
  }

  close(): void {
    this.readyState = 2;
  }
}

export function fact(value: Fact["value"], more: Partial<Fact> = {}): Fact {
  return { status: "ok", source: "inotify", observed_at: NOW, detail: null, value, ...more };
}

export function codebase(changes: Record<string, object>): Fact {
  const total = Object.keys(changes).length;
  return fact({
    repository: "demo",
    head: { state: "branch", branch: "main", commit: "a".repeat(40), subject: "Begin" },
    counts: { staged: 0, modified: total, untracked: 0, conflicted: 0, deleted: 0, total },
    changes,
    recent: { ["b".repeat(40)]: { subject: "Second", author: "Ada", at: NOW, order: 1 } },
    watch: { mode: "inotify", directories: 3, rescans: 0 },
  });
}

export const MODIFIED = { index: ".", worktree: "M", saved_at: NOW, size: 7 };

/** The HTTP side. `loggedIn` is the cookie; `calls` is what was asked, in order. */
export class FakeOrchestra {
  loggedIn = true;
  down = false;
  readonly calls: string[] = [];
  keys: Key[] = [key("k1", "claude-code")];
  readonly memory = new FakeNotes();
  readonly code = new FakeCode();
  readonly governance = new FakeGovernance();
  readonly work = new FakeTasks();
  readonly models = new FakeModels();
  /** What the caller may do. */
  scopes = ME.scopes;

  install(): this {
    FakeEventSource.opened.length = 0;
    vi.stubGlobal("EventSource", FakeEventSource);
    vi.stubGlobal("fetch", (request: Request) => this.answer(request));
    return this;
  }

  private async answer(request: Request): Promise<Response> {
    if (this.down) throw new TypeError("Failed to fetch");
    const { pathname } = new URL(request.url);
    const name = `${request.method} ${pathname}`;
    this.calls.push(name);
    const body = name === "POST /api/v1/keys" ? await request.json() : null;
    if (name === "POST /api/v1/session") return this.open(request.headers.get("authorization"));
    if (!this.loggedIn) return problem(401, "no key was sent", "log in");
    const answer =
      (await this.memory.answer(request)) ??
      (await this.code.answer(request)) ??
      (await this.governance.answer(request)) ??
      (await this.work.answer(request)) ??
      this.models.answer(request);
    if (answer) return json(answer.body, answer.status);
    switch (name) {
      case "GET /api/v1/me":
        return json({ ...ME, scopes: this.scopes });
      case "GET /api/v1/status":
        return json({ stream: "context/demo", seq: 5, sources: [] });
      case "GET /api/v1/events/context%2Fdemo":
        return json({ events: [PAST], head: 5, next_after: null });
      case "GET /api/v1/keys":
        return json({ keys: this.keys });
      case "POST /api/v1/keys":
        this.keys = [key("k2", body.name), ...this.keys];
        return json({ ...this.keys[0], key: "orc_secret" }, 201);
      case "DELETE /api/v1/keys/k1":
        this.keys = [];
        return new Response(null, { status: 204 });
      default:
        return problem(404, `there is no \`${pathname}\``);
    }
  }

  private open(sent: string | null): Response {
    if (sent !== "Bearer good")
      return problem(401, "the login code was used already, or is over", "again");
    this.loggedIn = true;
    return json(ME);
  }
}

function key(id: string, name: string): Key {
  const scopes: Key["scopes"] = ["context:read"];
  const never = { expires_at: null, last_used_at: null, revoked_at: null };
  return { id, name, kind: "agent", scopes, created_at: NOW, ...never };
}

function json(data: unknown, status = 200): Response {
  const headers = { "content-type": "application/json" };
  return new Response(JSON.stringify(data), { status, headers });
}

function problem(status: number, detail: string, hint = ""): Response {
  return json({ type: "about:blank", title: "Problem", status, detail, hint }, status);
}
