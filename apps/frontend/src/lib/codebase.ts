/** Prepares the topic `codebase_state` for drawing: decides order, words and counts once. */
import { asNumber, asObject, asText, isObject, type Json, type JsonObject } from "@/lib/json";

export const FILTERS = ["staged", "modified", "untracked", "conflicted", "deleted"] as const;
export type Filter = (typeof FILTERS)[number];

export interface Change {
  path: string;
  /** Two letters as `git status --short` prints them, for instance ` M`. */
  letters: string;
  savedAt: string | null;
  raw: JsonObject;
}

export interface Commit {
  sha: string;
  subject: string;
  author: string;
  at: string;
}

const MEANS: Record<string, string> = {
  M: "modified",
  A: "added",
  D: "deleted",
  R: "renamed",
  C: "copied",
  T: "type changed",
  U: "in conflict",
  "?": "untracked",
};

const cache = new WeakMap<JsonObject, Change>();

/** Each changed file; an unchanged entry of the document gives the same object again. */
export function changesOf(value: JsonObject): Change[] {
  return Object.entries(asObject(value.changes)).flatMap(([path, raw]) =>
    isObject(raw) ? [change(path, raw)] : [],
  );
}

function change(path: string, raw: JsonObject): Change {
  const known = cache.get(raw);
  if (known?.path === path) return known;
  const letters = letter(raw.index) + letter(raw.worktree);
  const made = { path, letters, savedAt: asText(raw.saved_at) || null, raw };
  cache.set(raw, made);
  return made;
}

function letter(value: Json | undefined): string {
  const text = asText(value);
  return text === "" || text === "." ? " " : text.charAt(0);
}

/** What the two letters say, in words: `modified, staged`. */
export function meaning({ letters }: Change): string {
  if (isConflict(letters)) return "in conflict";
  if (letters.includes("?")) return "untracked";
  const [index = " ", worktree = " "] = letters;
  const staged = MEANS[index];
  const since = MEANS[worktree];
  if (staged && since) return `${staged}, staged; ${since} since`;
  return staged ? `${staged}, staged` : (since ?? "changed");
}

export type Tone = "added" | "modified" | "deleted" | "conflict" | "untracked";

export function toneOf({ letters }: Change): Tone {
  if (isConflict(letters)) return "conflict";
  if (letters.includes("?")) return "untracked";
  if (letters.includes("D")) return "deleted";
  return letters.includes("A") ? "added" : "modified";
}

function isConflict(letters: string): boolean {
  return letters.includes("U") || letters === "AA" || letters === "DD";
}

export function matches(change: Change, filter: Filter): boolean {
  const [index = " ", worktree = " "] = change.letters;
  const conflict = isConflict(change.letters);
  switch (filter) {
    case "conflicted":
      return conflict;
    case "untracked":
      return index === "?" || worktree === "?";
    case "deleted":
      return !conflict && change.letters.includes("D");
    case "staged":
      return !conflict && index !== " " && index !== "?";
    case "modified":
      return !conflict && (worktree === "M" || worktree === "T");
  }
}

export type Order = "recent" | "path";

export interface Wanted {
  filter?: Filter | undefined;
  text?: string | undefined;
  order: Order;
}

/** The changes that a reader asked for, in the order that they asked for. */
export function pick(changes: readonly Change[], { filter, text, order }: Wanted): Change[] {
  const needle = text?.toLowerCase() ?? "";
  const chosen = changes.filter(
    (each) =>
      (filter === undefined || matches(each, filter)) && each.path.toLowerCase().includes(needle),
  );
  const byPath = (a: Change, b: Change): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
  if (order === "path") return chosen.sort(byPath);
  return chosen.sort((a, b) => (b.savedAt ?? "").localeCompare(a.savedAt ?? "") || byPath(a, b));
}

/** The last commits, newest first. */
export function commitsOf(value: JsonObject): Commit[] {
  return Object.entries(asObject(value.recent))
    .map(([sha, raw]) => ({ sha, ...asObject(raw) }) as JsonObject)
    .sort((a, b) => asNumber(b.order) - asNumber(a.order)) // a newer commit has a higher number
    .map((raw) => ({
      sha: asText(raw.sha),
      subject: asText(raw.subject),
      author: asText(raw.author),
      at: asText(raw.at),
    }));
}
