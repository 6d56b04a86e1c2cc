/** A fake of `/api/v1/{approvals,agents,audit}` that speaks its real contract. */
import type { Agents, Approval, AuditRow } from "@/lib/api";

export function approval(nth: number, more: Partial<Approval> = {}): Approval {
  return {
    id: `apr_${String(nth).padStart(16, "0")}`,
    state: "pending",
    permission: "pulumi:write",
    summary: `pulumi up --stack s${nth}`,
    subject: { argv: ["pulumi", "up", "--stack", `s${nth}`] },
    paths: [],
    destructive: false,
    egress: false,
    reason: "`pulumi:write` changes something that no pattern speaks of",
    warnings: [],
    hash: "ab".repeat(32),
    requester: "vercel-deploy-agent",
    requester_kind: "agent",
    session: "claude/7",
    created_at: "2026-11-23T12:00:00Z",
    expires_at: "2026-11-24T12:00:00Z",
    decided_by: null,
    decided_at: null,
    comment: null,
    used_at: null,
    ...more,
  };
}

export function row(seq: number, more: Partial<AuditRow> = {}): AuditRow {
  return {
    seq,
    at: "2026-11-23T12:00:00Z",
    act: "act.allowed",
    outcome: "allow",
    actor: "vercel-deploy-agent",
    actor_kind: "agent",
    key_id: "k1",
    summary: `act ${seq}`,
    reason: null,
    data: {},
    hash: "cd".repeat(32),
    ...more,
  };
}

const SPEC = {
  name: "Vercel Deploy Agent",
  slug: "vercel-deploy-agent",
  path: ".cursor/agents/vercel_deploy.yaml",
  digest: "d".repeat(64),
  permissions: ["vercel:deploy"],
  auto_approve_patterns: ["*.tsx"],
  context_sources: [],
  topics: [],
};

const WIDER = { ...SPEC, digest: "e".repeat(64), permissions: ["vercel:deploy", "pulumi:write"] };

/** Requests newest first, specs, rows; and what the page said to them. */
export class FakeGovernance {
  approvals: Approval[] = [];
  rows: AuditRow[] = [];
  intact = true;
  readonly said: unknown[] = [];
  agents: Agents = {
    ref: "refs/heads/main",
    commit: "a".repeat(40),
    agents: [{ ...SPEC, approved_by: null, principals: ["vercel-deploy-agent@ci"] }],
    problems: [],
    proposals: [
      {
        path: SPEC.path,
        digest: WIDER.digest,
        spec: WIDER,
        adds_permissions: ["pulumi:write"],
        adds_patterns: [],
        problems: [],
      },
    ],
    without_spec: ["codex"],
  };

  async answer(request: Request): Promise<{ status: number; body: unknown } | null> {
    const { pathname, searchParams } = new URL(request.url);
    const path = pathname.replace("/api/v1", "");
    if (path === "/agents") return ok(this.agents);
    if (path === `/agents/specs/${WIDER.digest}/approve`) return this.putInForce();
    if (path === "/audit") return ok({ rows: this.chosen(searchParams), next_before: null });
    if (path === "/audit/verify") return ok(this.verification());
    if (!path.startsWith("/approvals")) return null;
    const [, , id, verb] = path.split("/");
    if (id === undefined) {
      const state = searchParams.get("state");
      const approvals = this.approvals.filter((each) => state === "any" || each.state === state);
      return ok({ approvals, next_before: null });
    }
    const one = this.approvals.find((each) => each.id === id);
    if (!one) return { status: 404, body: { detail: `there is no request \`${id}\`` } };
    return verb ? this.decide(one, verb, await request.json()) : ok(one);
  }

  private decide(one: Approval, verb: string, body: { comment: string }) {
    this.said.push({ [verb]: one.id, ...body });
    if (one.state !== "pending") {
      return { status: 409, body: { detail: `\`${one.id}\` is ${one.state} already` } };
    }
    Object.assign(one, { state: verb === "approve" ? "approved" : "denied", decided_by: "ada" });
    return ok(one);
  }

  private putInForce() {
    const [proposal] = this.agents.proposals;
    const agents = [{ ...WIDER, approved_by: "ada", principals: [] }];
    this.agents = { ...this.agents, agents, proposals: [] };
    return ok(proposal);
  }

  private chosen(asked: URLSearchParams): AuditRow[] {
    const [actor, act] = [asked.get("actor"), asked.get("act")];
    return this.rows.filter((r) => (!actor || r.actor === actor) && r.act.startsWith(act ?? ""));
  }

  private verification() {
    const reason = this.intact ? "it is as it was written" : "row 2 is not as it was written";
    const last = this.rows.length;
    const broken_at = this.intact ? null : 2;
    return { intact: this.intact, checked: last, last, broken_at, heads: 1, reason };
  }
}

function ok(body: unknown) {
  return { status: 200, body };
}
