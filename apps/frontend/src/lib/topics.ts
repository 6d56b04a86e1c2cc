/** What each topic of the live context is called, holds, and needs. */
import type { Fact } from "@/lib/api";
import { asNumber, asObject, asText, type JsonObject } from "@/lib/json";

export interface Topic {
  id: string;
  name: string;
  /** What one learns from it, in a sentence. */
  about: string;
  /** The command that makes its key or address known; none: it needs none. */
  command?: string;
  /** Lines of `.ai-context/config.toml` that say what to ask for. */
  config?: string;
  /** The fact in a few words. */
  summary: (value: JsonObject) => string;
}

export type StatusWord = Fact["status"] | "waiting";

export const STATUS_MEANS: Record<StatusWord, string> = {
  ok: "The source answers, and this is what it said last.",
  stale: "The source failed; this is the last value that it gave.",
  unconfigured: "The source needs to be configured before it can be asked.",
  unavailable: "The source cannot be reached, and nothing is known yet.",
  waiting: "The source has not reported yet.",
};

export const TOPICS: readonly Topic[] = [
  {
    id: "codebase_state",
    name: "Codebase",
    about: "Branch, head and changed files of the working tree, as they are saved.",
    summary: (value) => {
      const total = asNumber(asObject(value.counts).total);
      return total === 0 ? "clean" : plural(total, "change");
    },
  },
  {
    id: "claims",
    name: "Claims",
    about: "Tasks that an agent or a person works on, and how many are open.",
    command: 'orchestra tasks add "TITLE"',
    summary: (value) => entries(value, "held", "claim"),
  },
  {
    id: "handoffs",
    name: "Hand-offs",
    about: "Tasks that wait to be taken up by another agent.",
    command: "orchestra handoff create TASK --token N",
    summary: (value) => entries(value, "waiting", "hand-off"),
  },
  {
    id: "ci_runs",
    name: "CI runs",
    about: "Workflow runs of GitHub Actions for this repository.",
    command: "export GITHUB_TOKEN=…",
    config: '[sources.github]  # without this, the remote `origin`\nrepository = "owner/name"',
    summary: (value) => entries(value, "runs", "run"),
  },
  {
    id: "deployment_status",
    name: "Deployments",
    about: "Deployments of the front end on Vercel.",
    command: "export VERCEL_TOKEN=…",
    config: '[sources.vercel]  # without this, all projects\nproject = "my-app"',
    summary: (value) => entries(value, "deployments", "deployment"),
  },
  {
    id: "lambda_utilization",
    name: "GPU cloud",
    about: "Instances on Lambda Cloud: what runs, where, and what it costs an hour.",
    command: "export LAMBDA_API_KEY=…",
    summary: (value) => entries(value, "instances", "instance"),
  },
  {
    id: "pending_migrations",
    name: "Migrations",
    about: "Alembic revisions in the repository that its database has not applied.",
    config: '[sources.migrations]\ndatabase = "secret://env/APP_DATABASE_URL"',
    command: "export APP_DATABASE_URL=postgresql://…",
    summary: (value) => {
      const folders = Object.values(asObject(value.directories)).map(asObject);
      const sum = (key: string): number =>
        folders.reduce((total, folder) => total + asNumber(folder[key]), 0);
      const known = folders.some((folder) => typeof folder.pending_count === "number");
      return known ? `${sum("pending_count")} pending` : plural(sum("revisions"), "revision");
    },
  },
  {
    id: "database_status",
    name: "Database",
    about: "Orchestra's own PostgreSQL: version, size, connections.",
    summary: (value) => asText(value.version) && `Postgres ${asText(value.version).split(".")[0]}`,
  },
  {
    id: "approvals",
    name: "Approvals",
    about: "Acts of agents that wait for a person, and what was decided lately.",
    summary: (value) => {
      const waiting = Object.keys(asObject(value.pending)).length;
      return waiting === 0 ? "none waits" : `${waiting.toLocaleString("en")} waiting`;
    },
  },
  {
    id: "vector_db_status",
    name: "Vector store",
    about: "Whether pgvector, or a Weaviate of your own, answers, and how fast.",
    command: "export WEAVIATE_URL=https://…  # besides pgvector",
    summary: (value) => {
      const installed = asText(asObject(value.pgvector).installed);
      return installed ? `pgvector ${installed}` : "";
    },
  },
];

/** The topic that is shown when none is chosen. */
export const FIRST = "codebase_state";

/** The topic of that id; an unknown one is shown under its id. */
export function topicOf(id: string): Topic {
  const known = TOPICS.find((topic) => topic.id === id);
  return known ?? { id, name: id, about: "A source of this workspace.", summary: () => "" };
}

/** Every known topic, then those that the server has besides. */
export function topicsWith(present: readonly string[]): Topic[] {
  const more = present.filter((id) => !TOPICS.some((topic) => topic.id === id)).sort();
  return [...TOPICS, ...more.map(topicOf)];
}

export function statusOf(fact: Fact | null | undefined): StatusWord {
  return fact?.status ?? "waiting";
}

export function plural(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

function entries(value: JsonObject, key: string, noun: string): string {
  return key in value ? plural(Object.keys(asObject(value[key])).length, noun) : "";
}
