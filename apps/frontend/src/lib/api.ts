/** The typed client of Orchestra's HTTP interface, and its errors. */
import createClient from "openapi-fetch";
import type { components, paths } from "@/lib/schema";

type Schemas = components["schemas"];
export type Fact = Schemas["Fact"];
export type Key = Schemas["Key"];
export type KeyOrder = Schemas["KeyOrder"];
export type Me = Schemas["Me"];
export type Note = Schemas["NoteView"];
export type AddedNote = Schemas["AddedNote"];
export type Approval = Schemas["ApprovalView"];
export type Agents = Schemas["AgentList"];
export type AuditRow = Schemas["AuditRow"];
export type Task = Schemas["TaskView"];
export type TaskPacket = Schemas["TaskWithPacket"];
export type Cost = Schemas["CostView"];
export type CostGroup = Cost["by"][number];
export type Budget = Schemas["BudgetView"];
export type Models = Schemas["ModelsView"];
export type ModelTarget = Schemas["TargetView"];
export type ModelCache = Schemas["CacheView"];
export type CodeIndex = Schemas["IndexView"];
export type Place = Schemas["Place"];
type CodeQuery = paths["/api/v1/search"]["get"]["parameters"]["query"];
type ApprovalQuery = paths["/api/v1/approvals"]["get"]["parameters"]["query"];
type AuditQuery = paths["/api/v1/audit"]["get"]["parameters"]["query"];
type TaskQuery = paths["/api/v1/tasks"]["get"]["parameters"]["query"];
type NoteQuery = paths["/api/v1/memory"]["get"]["parameters"]["query"];
export type SystemStatus = Schemas["Status"];

/** The API refused or failed; `hint` says what to do. `status` 0: it did not answer at all. */
export class Problem extends Error {
  readonly status: number;
  readonly hint: string;

  constructor(status: number, detail: string, hint = "") {
    super(detail);
    this.status = status;
    this.hint = hint;
  }
}

const client = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? "",
  credentials: "same-origin",
  fetch: (request) => globalThis.fetch(request),
});

const SILENT = "Orchestra does not answer";

async function settle<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>) {
  const { data, error, response } = await call.catch((): never => {
    throw new Problem(0, SILENT, "start it with `orchestra up`, or see `orchestra status`");
  });
  if (response.ok) return data as T;
  const said = (typeof error === "object" ? error : null) as Partial<Schemas["Problem"]> | null;
  // A proxy in front of a server that is down answers 502 to 504 without a problem document.
  if (!said?.detail && response.status >= 502) throw new Problem(0, SILENT);
  throw new Problem(response.status, said?.detail ?? response.statusText, said?.hint);
}

export const api = {
  me: () => settle(client.GET("/api/v1/me")),
  status: () => settle(client.GET("/api/v1/status")),
  keys: () => settle(client.GET("/api/v1/keys")),
  createKey: (body: KeyOrder) => settle(client.POST("/api/v1/keys", { body })),
  revokeKey: (key_id: string) =>
    settle(client.DELETE("/api/v1/keys/{key_id}", { params: { path: { key_id } } })),
  notes: (query: NoteQuery) => settle(client.GET("/api/v1/memory", { params: { query } })),
  note: (note_id: string) =>
    settle(client.GET("/api/v1/memory/{note_id}", { params: { path: { note_id } } })),
  addNote: (body: Schemas["NewNote"]) => settle(client.POST("/api/v1/memory", { body })),
  supersedeNote: (note_id: string, body: Schemas["Successor"]) =>
    settle(
      client.POST("/api/v1/memory/{note_id}/supersede", { params: { path: { note_id } }, body }),
    ),
  forgetNote: (note_id: string) =>
    settle(client.DELETE("/api/v1/memory/{note_id}", { params: { path: { note_id } } })),
  restoreNote: (note_id: string) =>
    settle(client.POST("/api/v1/memory/{note_id}/restore", { params: { path: { note_id } } })),
  search: (query: CodeQuery) => settle(client.GET("/api/v1/search", { params: { query } })),
  pack: (body: Schemas["PackOrder"]) => settle(client.POST("/api/v1/pack", { body })),
  index: () => settle(client.GET("/api/v1/index")),
  approvals: (query: ApprovalQuery) =>
    settle(client.GET("/api/v1/approvals", { params: { query } })),
  approval: (approval_id: string) =>
    settle(client.GET("/api/v1/approvals/{approval_id}", { params: { path: { approval_id } } })),
  approve: (approval_id: string, comment: string) =>
    settle(
      client.POST("/api/v1/approvals/{approval_id}/approve", {
        params: { path: { approval_id } },
        body: { comment },
      }),
    ),
  deny: (approval_id: string, comment: string) =>
    settle(
      client.POST("/api/v1/approvals/{approval_id}/deny", {
        params: { path: { approval_id } },
        body: { comment },
      }),
    ),
  agents: () => settle(client.GET("/api/v1/agents")),
  approveSpec: (digest: string) =>
    settle(client.POST("/api/v1/agents/specs/{digest}/approve", { params: { path: { digest } } })),
  audit: (query: AuditQuery) => settle(client.GET("/api/v1/audit", { params: { query } })),
  verifyAudit: () => settle(client.GET("/api/v1/audit/verify")),
  tasks: (query: TaskQuery) => settle(client.GET("/api/v1/tasks", { params: { query } })),
  task: (task_id: string) =>
    settle(client.GET("/api/v1/tasks/{task_id}", { params: { path: { task_id } } })),
  addTask: (body: Schemas["NewTaskRequest"]) => settle(client.POST("/api/v1/tasks", { body })),
  cancelTask: (task_id: string, reason: string) =>
    settle(
      client.POST("/api/v1/tasks/{task_id}/cancel", {
        params: { path: { task_id } },
        body: { reason },
      }),
    ),
  withdrawHandoff: (handoff_id: string) =>
    settle(
      client.POST("/api/v1/handoffs/{handoff_id}/withdraw", { params: { path: { handoff_id } } }),
    ),
  models: () => settle(client.GET("/api/v1/gateway/models")),
  budgets: () => settle(client.GET("/api/v1/gateway/budgets")),
  modelCache: () => settle(client.GET("/api/v1/gateway/cache")),
  modelCost: (query: { by: CostGroup[]; days: number }) =>
    settle(client.GET("/api/v1/gateway/cost", { params: { query } })),
  /** Events of a stream after a number, oldest first. */
  events: (stream: string, after: number) =>
    settle(
      client.GET("/api/v1/events/{stream}", { params: { path: { stream }, query: { after } } }),
    ),
  /** Opens a session with a one-time code or with a key. */
  logIn: (code: string) =>
    settle(client.POST("/api/v1/session", { headers: { Authorization: `Bearer ${code}` } })),
  logOut: () => settle(client.DELETE("/api/v1/session")),
};

// As the client gives it: a pair of the document is an array there.
export type Pack = Awaited<ReturnType<typeof api.pack>>;
export type PackItem = Pack["items"][number];
