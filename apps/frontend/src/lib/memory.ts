/** Notes that outlive a session: what is asked of them, and the page's state as its address has it. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, type Me, type Note } from "@/lib/api";

export const KINDS = ["decision", "gotcha", "convention", "fact", "failure"] as const;
export const SCOPES = ["repository", "workspace", "agent"] as const;
export const STATES = ["current", "superseded", "expired", "forgotten", "any"] as const;

export interface MemorySearch {
  /** What is searched for; without it the newest come first. */
  q?: string | undefined;
  kind?: Note["kind"] | undefined;
  scope?: (typeof SCOPES)[number] | undefined;
  state?: (typeof STATES)[number] | undefined;
  tag?: string | undefined;
  path?: string | undefined;
  /** The note that the panel shows. */
  note?: string | undefined;
  /** The dialog that is open. */
  write?: "new" | "successor" | undefined;
}

/** What of an address is understood; anything else is as if it were not there. */
export function memorySearch(search: Record<string, unknown>): MemorySearch {
  const text = (key: string): string | undefined =>
    search[key] === undefined || search[key] === "" ? undefined : String(search[key]);
  const state = STATES.find((each) => each === search.state);
  const note = text("note");
  const write = search.write === "new" || (search.write === "successor" && note);
  return {
    q: text("q"),
    kind: KINDS.find((each) => each === search.kind),
    scope: SCOPES.find((each) => each === search.scope),
    state: state === "current" ? undefined : state,
    tag: text("tag"),
    path: text("path"),
    note,
    write: write ? (search.write as MemorySearch["write"]) : undefined,
  };
}

/** The notes that an address asks for, page by page. */
export function notesQuery({ q = "", kind, scope, state, tag, path }: MemorySearch) {
  const query = { query: q, kind, scope, state, tag, path };
  return infiniteQueryOptions({
    queryKey: ["notes", query],
    queryFn: ({ pageParam }) => api.notes({ ...query, before: pageParam }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_before ?? undefined,
    placeholderData: keepPreviousData,
  });
}

/** One note with those before and after it. */
export function noteQuery(id: string) {
  return queryOptions({ queryKey: ["notes", "one", id], queryFn: () => api.note(id) });
}

/** What to have anew after any change of a note. */
export const NOTES = { queryKey: ["notes"] };

export function mayWrite(me: Me | undefined): boolean {
  return me?.scopes.some((scope) => scope === "admin" || scope === "memory:write") ?? false;
}

/** Words, separated by commas or spaces, as a list. */
export function listOf(text: string, separator: RegExp): string[] {
  return text.split(separator).flatMap((each) => each.trim() || []);
}
