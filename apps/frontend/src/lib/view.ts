/** The state of the context page, as its address holds it. */

import { FILTERS, type Filter, type Order } from "@/lib/codebase";
import { FIRST } from "@/lib/topics";

export const VIEWS = ["summary", "commits", "watcher", "raw"] as const;
export type View = (typeof VIEWS)[number];

export interface ContextSearch {
  topic?: string | undefined;
  view?: View | undefined;
  filter?: Filter | undefined;
  text?: string | undefined;
  order?: Order | undefined;
  /** The changed file that the panel shows. */
  path?: string | undefined;
  /** The sequence number of the change that the panel shows. */
  seq?: number | undefined;
}

/** What of an address is understood; anything else is as if it were not there. */
export function contextSearch(search: Record<string, unknown>): ContextSearch {
  const text = (key: string): string | undefined =>
    search[key] === undefined || search[key] === "" ? undefined : String(search[key]);
  const seq = Number(search.seq);
  return {
    topic: text("topic") === FIRST ? undefined : text("topic"),
    view: VIEWS.find((each) => each === search.view),
    filter: FILTERS.find((each) => each === search.filter),
    text: text("text"),
    order: search.order === "path" ? "path" : undefined,
    path: text("path"),
    seq: Number.isSafeInteger(seq) && seq > 0 ? seq : undefined,
  };
}
