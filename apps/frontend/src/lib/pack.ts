/** Prepares a pack for drawing: decides groups, words and shares once. */
import type { Pack, PackItem } from "@/lib/api";
import { visible } from "@/lib/text";

type Kind = PackItem["kind"];

const TITLES: Record<Kind, string> = {
  convention: "Conventions",
  code: "Code",
  outline: "Outlines of other files",
  test: "Tests",
  commit: "Past commits",
  memory: "Notes",
  handoff: "Open hand-offs",
  state: "State now",
  task: "Task",
};

export interface Group {
  kind: Kind;
  title: string;
  items: PackItem[];
  tokens: number;
  /** Of the budget, 0 to 1. */
  share: number;
}

/** The items by kind, in the order in which the pack has them. */
export function groupsOf({ items, budget }: Pack): Group[] {
  const groups = new Map<Kind, Group>();
  for (const item of items) {
    const { kind, tokens } = item;
    const group = groups.get(kind) ?? {
      kind,
      title: TITLES[kind] ?? kind,
      items: [],
      tokens: 0,
      share: 0,
    };
    group.items.push(item);
    group.tokens += tokens;
    group.share = group.tokens / budget;
    groups.set(kind, group);
  }
  return [...groups.values()];
}

/** What an item without a path is called: its first line that says anything. */
export function headline({ text }: PackItem): string {
  const line = text.split("\n").find((each) => /[^\s`]/.test(each)) ?? "";
  const plain = visible(line.replace(/^\s*[-#]+\s+/, "").trim());
  return plain.length > 120 ? `${plain.slice(0, 119)}…` : plain;
}

/** First and last lines as `1-20, 31`. */
export function rangesOf(ranges: PackItem["ranges"]): string {
  return ranges.map((range) => [...new Set(range)].join("-")).join(", ");
}

/** A number with its thousands apart: `12,400`. */
export function count(number: number): string {
  return number.toLocaleString("en");
}

/** A budget on a button: `16k`. */
export function thousands(tokens: number): string {
  return `${tokens / 1000}k`;
}
